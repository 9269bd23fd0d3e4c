#include "report/what_if.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/text.h"
#include "report/job_history.h"
#include "sim/case_run.h"
#include "sim/cluster.h"
#include "sim/simulation.h"

namespace reprieve::report {
namespace {

constexpr Nanoseconds kLongest = std::chrono::hours(1);

bool UsesRestartJob(const jobset::JobSet& jobset) {
  if (!jobset.spec->failure_policy) return false;
  const auto& rules = jobset.spec->failure_policy->rules;
  return std::any_of(rules.begin(), rules.end(), [](const jobset::FailurePolicyRule& rule) {
    return rule.action == jobset::FailureAction::kRestartJob ||
           rule.action == jobset::FailureAction::kRestartJobAndIgnoreMaxRestarts;
  });
}

class Play {
 public:
  Play(const Objects& objects, Time now) : objects_(objects), sim_(OptionsFor(objects, now)), now_(now) {
    sim_.ledger().set_listener([this](const world::Verdict& verdict) { Judged(verdict); });
  }

  WhatIf Run(const world::Incident& incident) {
    out_.event = incident.text;
    sim::Cluster cluster(sim_, ClusterFor());
    TakeOver();
    sim_.RunUntil(now_);
    const world::IncidentOutcome outcome = cluster.Apply(incident);
    out_.happened = outcome.happened();
    out_.outcome = world::Describe(incident, outcome);
    if (!out_.happened) return std::move(out_);
    sim_.RunUntil(now_ + kLongest);
    return std::move(out_);
  }

 private:
  static sim::SimulationOptions OptionsFor(const Objects& objects, Time now) {
    sim::SimulationOptions out;
    out.start = now;
    for (const jobset::JobSet& jobset : objects.jobsets) {
      if (UsesRestartJob(jobset)) out.engine.jobsets.gates.restart_job = true;
      if (jobset.spec->restart_strategy() == jobset::RestartStrategy::kInPlaceRestart) {
        out.engine.jobsets.gates.in_place_restart = true;
      }
    }
    return out;
  }

  sim::ClusterOptions ClusterFor() const {
    sim::CaseObjects all;
    for (const batch::Job& job : objects_.jobs) all.jobs.push_back(&job);
    for (const jobset::JobSet& jobset : objects_.jobsets) all.jobsets.push_back(&jobset);
    std::set<std::string> names;
    for (const core::Pod& pod : objects_.pods) {
      if (!pod.node_name.empty()) names.insert(pod.node_name.str());
    }
    sim::ClusterOptions out;
    // One more, should all others be drained.
    out.nodes = sim::NodesThatFit(all, names.size() + 1, {});
    std::size_t next = 0;
    for (const std::string& name : names) {
      scheduler::Node& node = out.nodes[next++];
      node.name = name;
      node.labels["kubernetes.io/hostname"] = name;
    }
    out.nodes.back().name = "another-node";
    out.start_after = Nanoseconds(0);
    out.work = [](const core::Pod&, const core::Container&, std::int32_t) {
      sim::ContainerRun run;
      run.runs.reset();
      return run;
    };
    return out;
  }

  void TakeOver() {
    store::Store& store = sim_.store();
    std::set<std::string> seen;
    const auto is_new = [&seen](std::string_view kind, const meta::ObjectMeta& metadata) {
      return seen.insert(Cat(kind, " ", metadata.namespace_, "/", metadata.name)).second;
    };
    for (const jobset::JobSet& jobset : objects_.jobsets) {
      if (is_new("JobSet", jobset.metadata)) store.TakeOver(jobset);
    }
    for (const batch::Job& job : objects_.jobs) {
      if (is_new("Job", job.metadata)) store.TakeOver(Kept(job));
    }
    bool restarted = false;
    for (const core::Pod& pod : objects_.pods) {
      if (pod.spec == nullptr || !is_new("Pod", pod.metadata)) continue;
      store.TakeOver(pod);
      if (pod.IsTerminal()) ended_.insert(pod.metadata.name.str());
      for (const core::ContainerStatus& status : pod.status.container_statuses) {
        restarted = restarted || (!pod.IsTerminal() && status.restart_count > 0);
      }
    }
    if (restarted) {
      out_.notes.push_back(
          "containers that have restarted in place count from 0 here: backoffLimit may be met earlier");
    }
  }

  // A Job whose JobSet is not among the objects has lost its owner only here: as an orphan it would be collected.
  batch::Job Kept(const batch::Job& job) {
    batch::Job out = job;
    std::erase_if(out.metadata.owner_references.Edit(), [&](const meta::OwnerReference& owner) {
      if (owner.kind != "JobSet") return false;
      const bool known =
          std::any_of(objects_.jobsets.begin(), objects_.jobsets.end(), [&](const jobset::JobSet& jobset) {
            return owner.uid.empty() ? jobset.metadata.name == owner.name : jobset.metadata.uid == owner.uid;
          });
      if (!known) {
        out_.notes.push_back(Cat("JobSet ", owner.name, " of Job ", job.metadata.name,
                                 " is not among the objects: what it would do is left out"));
      }
      return !known;
    });
    return out;
  }

  void Judged(const world::Verdict& verdict) {
    // What the objects show already is told by their own chain.
    if (ended_.contains(verdict.pod.str())) return;
    out_.verdicts.push_back(verdict);
    FixWait(out_.verdicts.back());
  }

  // A new controller remembers no failures (spec/job.md 2.3); the one that runs does.
  void FixWait(world::Verdict& verdict) {
    if (!verdict.wait || verdict.pod.empty()) return;
    for (const batch::Job& job : objects_.jobs) {
      if (job.metadata.name != verdict.job || job.metadata.namespace_ != verdict.namespace_) continue;
      if (job.spec->backoff_limit_per_index) return;
      const std::int64_t before = BackoffOf(job).failures;
      const std::int64_t here = ++failures_[job.metadata.uid];
      const policy::BackoffDelays delays;
      verdict.wait = *verdict.wait + policy::BackoffDelay(before + here, delays) - policy::BackoffDelay(here, delays);
    }
  }

  policy::BackoffRecord BackoffOf(const batch::Job& job) const {
    std::vector<const core::Pod*> pods;
    for (const core::Pod& pod : objects_.pods) {
      const meta::OwnerReference* owner = pod.metadata.Controller();
      if (owner != nullptr && owner->uid == job.metadata.uid) pods.push_back(&pod);
    }
    return HistoryOf(job, pods).backoff;
  }

  const Objects& objects_;
  sim::Simulation sim_;
  const Time now_;
  std::set<std::string> ended_;  // pods that had ended before
  std::map<meta::Uid, std::int64_t> failures_;
  WhatIf out_;
};

}  // namespace

WhatIf PlayIf(const Objects& objects, Time now, const world::Incident& incident) {
  return Play(objects, now).Run(incident);
}

std::vector<const world::Verdict*> Untold(const std::vector<world::Verdict>& verdicts) {
  std::set<std::tuple<Time, std::string_view, std::string_view>> causes;
  for (const world::Verdict& verdict : verdicts) {
    if (verdict.cause) causes.emplace(verdict.cause->at, verdict.cause->job.view(), verdict.cause->pod.view());
  }
  std::vector<const world::Verdict*> out;
  for (const world::Verdict& verdict : verdicts) {
    if (!causes.contains({verdict.at, verdict.job.view(), verdict.pod.view()})) out.push_back(&verdict);
  }
  return out;
}

}  // namespace reprieve::report
