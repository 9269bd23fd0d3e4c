#include "cli/controller_metrics.h"

#include "base/text.h"

namespace reprieve::cli {
namespace {

// Prometheus' text format, 0.0.4.
class Page {
 public:
  void Family(std::string_view name, std::string_view type, std::string_view help) {
    AppendTo(text_, "# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n");
    name_ = name;
  }
  void Sample(std::initializer_list<std::pair<std::string_view, std::string_view>> labels, std::uint64_t value) {
    text_ += name_;
    char before = '{';
    for (const auto& [label, text] : labels) {
      AppendTo(text_, before, label, "=\"", Escaped(text), "\"");
      before = ',';
    }
    AppendTo(text_, before == '{' ? "" : "}", " ", value, "\n");
  }
  std::string Take() { return std::move(text_); }

 private:
  static std::string Escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
      if (c == '\n') {
        out += "\\n";
        continue;
      }
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    return out;
  }

  std::string text_;
  std::string name_;
};

}  // namespace

void VerdictCounts::Add(const world::Verdict& verdict) {
  ++by_action[{verdict.jobset.empty() ? "Job" : "JobSet", verdict.action.str()}];
}

std::string ControllerMetrics(const kube::ClusterWorld& world, const kube::Rest& rest, const VerdictCounts& verdicts) {
  Page page;
  page.Family("leader_election_master_status", "gauge", "1: this process leads.");
  page.Sample({{"name", kube::kLeaseName}}, world.leads() ? 1 : 0);
  page.Family("rest_client_requests_total", "counter",
              "Requests to the API server by method and code; code 0: there was no answer.");
  for (const auto& [what, count] : rest.requests()) {
    page.Sample({{"code", std::to_string(what.first)}, {"method", what.second}}, count);
  }
  page.Family("reprieve_cache_objects", "gauge", "Objects that the watches have shown.");
  for (const auto& kind : world.kinds()) page.Sample({{"resource", kind.name}}, kind.objects);
  page.Family("reprieve_watch_lists_total", "counter", "How often everything was listed.");
  for (const auto& kind : world.kinds()) page.Sample({{"resource", kind.name}}, kind.reflector->counters().lists);
  page.Family("reprieve_watch_failures_total", "counter", "Lists and watches that failed.");
  for (const auto& kind : world.kinds()) page.Sample({{"resource", kind.name}}, kind.reflector->counters().failures);
  page.Family("reprieve_watch_stalled_total", "counter", "Watches that fell silent and were opened again.");
  for (const auto& kind : world.kinds()) page.Sample({{"resource", kind.name}}, kind.reflector->counters().stalled);
  page.Family("reprieve_events_dropped_total", "counter", "Events that were not recorded, by limit or by failure.");
  page.Sample({}, world.events_dropped());
  page.Family("reprieve_verdicts_total", "counter", "Judgements of failures by kind and action.");
  for (const auto& [what, count] : verdicts.by_action) {
    page.Sample({{"kind", what.first}, {"action", what.second}}, count);
  }
  if (const engine::Engine* engine = world.engine()) {
    page.Family("reprieve_plans_in_flight", "gauge", "Plans whose writes have not all been answered.");
    page.Sample({}, engine->plans_in_flight());
    const engine::JobSetCounters& ended = engine->jobset_counters();
    page.Family("jobset_completed_total", "counter", "JobSets that have completed.");
    for (const auto& [key, count] : ended.completed) {
      page.Sample({{"jobset_name", key.name}, {"namespace", key.namespace_}}, count);
    }
    page.Family("jobset_failed_total", "counter", "JobSets that have failed.");
    for (const auto& [key, count] : ended.failed) {
      page.Sample({{"jobset_name", key.name}, {"namespace", key.namespace_}}, count);
    }
  }
  return page.Take();
}

}  // namespace reprieve::cli
