#include "cli/controller_metrics.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/text.h"
#include "cli/jobset_metrics.h"
#include "cli/metrics_page.h"

namespace reprieve::cli {
namespace {

using engine::WorkKind;

// Policies have at most 20 rules; what a policy of a later version has more is one value.
constexpr std::int32_t kMostRules = 20;

std::string_view NameOf(controllers::JobAction action) {
  switch (action) {
    case controllers::JobAction::kReconciling:
      return "reconciling";
    case controllers::JobAction::kTracking:
      return "tracking";
    case controllers::JobAction::kPodsCreated:
      return "pods_created";
    case controllers::JobAction::kPodsDeleted:
      return "pods_deleted";
  }
  return "reconciling";
}

// As client-go's controllers name their queues.
struct Queue {
  WorkKind kind;
  std::string_view name;
};
constexpr std::array<Queue, engine::kWorkKinds> kQueues = {{{WorkKind::kJob, "job"},
                                                            {WorkKind::kJobSet, "jobset"},
                                                            {WorkKind::kPlacement, "pod"},
                                                            {WorkKind::kOverdue, "overdue_pod"},
                                                            {WorkKind::kOrphans, "job_orphan_pod"}}};

std::string_view ModeOf(bool indexed) {
  return indexed ? "Indexed" : "NonIndexed";
}
std::string_view ResultOf(bool success) {
  return success ? "succeeded" : "failed";
}
double InSeconds(Nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

void AppendJobs(MetricsPage& page, const engine::JobCounters& jobs) {
  page.Family("job_controller_job_sync_duration_seconds", "histogram",
              "How long a pass over a Job took, its writes included.");
  for (const auto& [key, times] : jobs.syncs) {
    page.Sample({{"action", NameOf(key.action)},
                 {"completion_mode", ModeOf(key.indexed)},
                 {"result", key.error ? "error" : "success"}},
                times);
  }
  page.Family("job_controller_job_syncs_total", "counter", "Passes over Jobs.");
  for (const auto& [key, times] : jobs.syncs) {
    page.Sample({{"action", NameOf(key.action)},
                 {"completion_mode", ModeOf(key.indexed)},
                 {"result", key.error ? "error" : "success"}},
                times.count());
  }
  page.Family("job_controller_jobs_finished_total", "counter", "Jobs that have ended.");
  for (const auto& [key, count] : jobs.finished) {
    page.Sample({{"completion_mode", ModeOf(key.indexed)}, {"reason", key.reason}, {"result", ResultOf(key.success)}},
                count);
  }
  page.Family("job_controller_job_pods_finished_total", "counter", "Pods that have ended and are accounted for.");
  for (const bool indexed : {false, true}) {
    for (const bool success : {false, true}) {
      page.Sample({{"completion_mode", ModeOf(indexed)}, {"result", ResultOf(success)}},
                  jobs.pods_finished[indexed ? 1 : 0][success ? 1 : 0]);
    }
  }
  page.Family("job_controller_pod_failures_handled_by_failure_policy_total", "counter",
              "Failed pods that a rule of their Job's podFailurePolicy matched, by its action.");
  for (const batch::FailureAction action : {batch::FailureAction::kCount, batch::FailureAction::kFailIndex,
                                            batch::FailureAction::kFailJob, batch::FailureAction::kIgnore}) {
    page.Sample({{"action", batch::NameOf(action)}}, jobs.by_policy[static_cast<std::size_t>(action)]);
  }
  page.Family("job_controller_terminated_pods_tracking_finalizer_total", "counter",
              "Ended pods with the tracking finalizer: seen (add) and released (delete).");
  page.Sample({{"event", "add"}}, jobs.tracked);
  page.Sample({{"event", "delete"}}, jobs.released);
  page.Family("job_controller_job_finished_indexes_total", "counter", "Indexes of Indexed Jobs that have ended.");
  for (const bool per_index : {false, true}) {
    for (const bool success : {false, true}) {
      page.Sample({{"backoffLimit", per_index ? "perIndex" : "global"}, {"status", ResultOf(success)}},
                  jobs.indexes[per_index ? 1 : 0][success ? 1 : 0]);
    }
  }
}

void AppendCreations(MetricsPage& page, const kube::ClusterApi& api) {
  using Creation = kube::ClusterApi::Creation;
  page.Family("job_controller_job_pods_creation_total", "counter", "Pods created, and why.");
  constexpr std::array<std::pair<Creation, std::string_view>, 3> kReasons = {
      {{Creation::kNew, "new"},
       {Creation::kRecreateTerminatingOrFailed, "recreate_terminating_or_failed"},
       {Creation::kRecreateFailed, "recreate_failed"}}};
  for (const auto& [why, name] : kReasons) {
    page.Sample({{"reason", name}, {"status", "failed"}}, api.created(why).failed);
    page.Sample({{"reason", name}, {"status", "succeeded"}}, api.created(why).succeeded);
  }
}

void AppendQueues(MetricsPage& page, const engine::Engine& engine, Time now) {
  const engine::WorkQueue& queue = engine.queue();
  page.Family("workqueue_depth", "gauge", "Objects that are due.");
  for (const Queue& each : kQueues)
    page.Sample({{"name", each.name}}, static_cast<std::uint64_t>(queue.Depth(each.kind, now)));
  page.Family("workqueue_adds_total", "counter", "Objects that were queued.");
  for (const Queue& each : kQueues) page.Sample({{"name", each.name}}, queue.counters(each.kind).adds);
  page.Family("workqueue_retries_total", "counter", "Passes that are repeated since a write failed.");
  for (const Queue& each : kQueues) page.Sample({{"name", each.name}}, queue.counters(each.kind).retries);
  page.Family("workqueue_queue_duration_seconds", "histogram", "From when an object was due until its pass began.");
  for (const Queue& each : kQueues) page.Sample({{"name", each.name}}, queue.counters(each.kind).waited);
  page.Family("workqueue_work_duration_seconds", "histogram", "From then until the last answer of the pass.");
  for (const Queue& each : kQueues) page.Sample({{"name", each.name}}, queue.counters(each.kind).worked);
  page.Family("workqueue_unfinished_work_seconds", "gauge", "What the passes under way have taken, together.");
  for (const Queue& each : kQueues)
    page.Sample({{"name", each.name}}, InSeconds(engine.UnfinishedPasses(each.kind).sum));
  page.Family("workqueue_longest_running_processor_seconds", "gauge", "What the longest of them has taken.");
  for (const Queue& each : kQueues)
    page.Sample({{"name", each.name}}, InSeconds(engine.UnfinishedPasses(each.kind).longest));
  page.Family("job_controller_stale_sync_skips_total", "counter",
              "Passes put off since the watch had not shown yet what was written.");
  page.Sample({{"group", ""}, {"resource", "pods"}}, engine.stale_passes_by_pods());
  page.Sample({{"group", "batch"}, {"resource", "jobs"}}, engine.stale_passes_by_others());
}

void AppendCounts(MetricsPage& page, std::string_view host, const kube::Rest::Counts& counts) {
  for (const auto& [what, count] : counts) {
    const std::string code = what.first == 0 ? "<error>" : std::to_string(what.first);
    page.Sample({{"code", code}, {"host", host}, {"method", what.second}}, count);
  }
}

void AppendRequests(MetricsPage& page, const kube::Rest& rest) {
  const std::string host = rest.access().server.Authority();
  page.Family("rest_client_requests_total", "counter",
              "Requests to the API server by method and code; code <error>: there was no answer.");
  AppendCounts(page, host, rest.requests());
  page.Family("rest_client_request_retries_total", "counter", "Requests that were sent again, by the code before it.");
  AppendCounts(page, host, rest.retries());
  page.Family("rest_client_request_duration_seconds", "histogram", "Until the answer, of watches until its head.");
  for (const auto& [method, times] : rest.durations()) page.Sample({{"host", host}, {"verb", method}}, times);
  page.Family("rest_client_rate_limiter_duration_seconds", "histogram", "How long --qps made requests wait.");
  for (const auto& [method, times] : rest.waits()) page.Sample({{"host", host}, {"verb", method}}, times);
}

void AppendWatches(MetricsPage& page, const kube::ClusterWorld& world) {
  const auto family = [&](std::string_view name, std::string_view type, std::string_view help, const auto& value) {
    page.Family(name, type, help);
    for (const auto& kind : world.kinds())
      page.Sample({{"resource", kind.name}}, static_cast<std::uint64_t>(value(kind)));
  };
  using Kind = kube::ClusterWorld::Kind;
  family("reprieve_cache_objects", "gauge", "Objects that are kept of what the watches have shown.",
         [](const Kind& kind) { return kind.objects; });
  family("reprieve_watch_lists_total", "counter", "How often everything was listed.",
         [](const Kind& kind) { return kind.reflector->counters().lists; });
  family("reprieve_watch_failures_total", "counter", "Lists and watches that failed.",
         [](const Kind& kind) { return kind.reflector->counters().failures; });
  family("reprieve_watch_stalled_total", "counter", "Watches that fell silent and were opened again.",
         [](const Kind& kind) { return kind.reflector->counters().stalled; });
}

void AppendVerdicts(MetricsPage& page, const kube::ClusterWorld& world, const VerdictCounts& counts) {
  page.Family("reprieve_verdicts_total", "counter",
              "Judgements of failures by kind, by the number of the rule that decided, and by action.");
  for (const auto& [what, count] : counts.verdicts) {
    const auto& [kind, rule, action] = what;
    page.Sample({{"action", action}, {"kind", kind}, {"rule", rule}}, count);
  }
  page.Family("reprieve_failure_to_verdict_seconds", "histogram",
              "From the failure, which is known by the second, to the verdict.");
  for (const auto& [kind, times] : counts.delays) page.Sample({{"kind", kind}}, times);
  page.Family("reprieve_failure_to_pods_recreated_seconds", "histogram",
              "From a failure that restarted a JobSet until all pods of the new attempt existed.");
  page.Sample({}, world.restart_times());
  page.Family("reprieve_events_dropped_total", "counter", "Events that were not recorded, by limit or by failure.");
  page.Sample({}, world.events_dropped());
}

void AppendShadow(MetricsPage& page, const kube::Shadow& shadow) {
  using Result = kube::ShadowResult;
  page.Family("reprieve_shadow_decisions_total", "counter",
              "Decisions of the cluster's controllers, and whether they would have been the same here.");
  for (const world::Kind kind : {world::Kind::kJob, world::Kind::kJobSet}) {
    for (const Result result : {Result::kSame, Result::kDifferent, Result::kOnlyTheirs, Result::kOnlyOurs}) {
      page.Sample({{"kind", world::NameOf(kind)}, {"result", kube::NameOf(result)}}, shadow.count(kind, result));
    }
  }
}

void AppendWebhooks(MetricsPage& page, const kube::Webhooks& webhooks) {
  page.Family("controller_runtime_webhook_requests_total", "counter",
              "Admission reviews that were answered, by path and code: 200, or that of a denial.");
  for (const auto& [what, count] : webhooks.requests()) {
    page.Sample({{"code", std::to_string(what.second)}, {"webhook", what.first}}, count);
  }
}

}  // namespace

void VerdictCounts::Add(const world::Verdict& verdict, std::optional<Time> failed_at) {
  const std::string kind = verdict.jobset.empty() ? "Job" : "JobSet";
  std::string rule = "none";
  if (verdict.rule) rule = verdict.rule->index < kMostRules ? Cat(verdict.rule->index + 1) : std::string("later");
  ++verdicts[{kind, std::move(rule), verdict.action.str()}];
  if (!failed_at) return;
  const Nanoseconds delay = std::max(verdict.at - *failed_at, Nanoseconds(0));
  delays.try_emplace(kind, kube::kReactionBounds).first->second.Observe(InSeconds(delay));
}

std::string ControllerMetrics(const kube::ClusterWorld& world, const kube::Rest& rest, const VerdictCounts& verdicts,
                              const kube::Webhooks* webhooks) {
  MetricsPage page;
  if (world.lease() != nullptr) {
    page.Family("leader_election_master_status", "gauge", "1: this process leads.");
    page.Sample({{"name", world.lease()->name}}, std::uint64_t{world.leads() ? 1U : 0U});
    page.Family("leader_election_slowpath_total", "counter", "Renewals of the Lease that failed.");
    page.Sample({{"name", world.lease()->name}}, world.lease_failures());
  }
  AppendRequests(page, rest);
  AppendWatches(page, world);
  AppendVerdicts(page, world, verdicts);
  if (world.shadow() != nullptr) AppendShadow(page, *world.shadow());
  if (webhooks != nullptr) AppendWebhooks(page, *webhooks);
  if (const engine::Engine* engine = world.engine()) {
    page.Family("reprieve_plans_in_flight", "gauge", "Plans whose writes have not all been answered.");
    page.Sample({}, static_cast<std::uint64_t>(engine->plans_in_flight()));
    AppendJobSetCounters(page, engine->jobset_counters());
    AppendJobs(page, engine->job_counters());
    AppendCreations(page, *world.api());
    AppendQueues(page, *engine, rest.clock().Now());
  }
  return page.Take();
}

}  // namespace reprieve::cli
