#include "cli/test_init.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "base/text.h"
#include "cli/load.h"
#include "cli/refusal.h"
#include "cli/test_suite.h"
#include "document/json.h"
#include "kubelet/restart.h"
#include "lint/policy_reach.h"
#include "sim/case_run.h"

namespace reprieve::cli {
namespace {

// A case as it is tried: what happens, in words.
struct Draft {
  std::string name;
  std::vector<std::string> when;
};

// A kind of pods: those of a Job, or of a replicated job.
struct PodKind {
  std::string owner;  // for names of cases
  std::string pod;    // one of them, as people say it
  const batch::JobSpec* spec = nullptr;
};

std::vector<PodKind> KindsOf(const Loaded& loaded) {
  std::vector<PodKind> out;
  const auto add = [&out](std::string owner, std::string job, const batch::JobSpec& spec) {
    out.push_back({std::move(owner), spec.indexed() ? Cat(job, "-0") : std::move(job), &spec});
  };
  for (const LoadedJob& job : loaded.jobs) {
    add(job.job.metadata.name.str(), job.job.metadata.name.str(), *job.job.spec);
  }
  for (const LoadedJobSet& jobset : loaded.jobsets) {
    for (const jobset::ReplicatedJob& group : jobset.jobset.spec->replicated_jobs) {
      add(group.name, Cat(group.name, "-0"), *group.job_template.spec);
    }
  }
  return out;
}

// The first of these endings in which a program exits by itself: "container main of pod train-0 exits 42". Nothing:
// there is none.
struct ExitDraft {
  std::int32_t code = 0;
  std::string event;
};
std::optional<ExitDraft> FirstExit(const lint::PolicyReach& reach, const std::vector<std::size_t>& endings,
                                   const PodKind& kind) {
  const core::PodSpec& spec = *kind.spec->pod_template.spec;
  for (const std::size_t e : endings) {
    const lint::PodEnding& ending = reach.endings[e];
    if (ending.kind != lint::EndingKind::kExit || !ending.sidecar.empty()) continue;
    if (kubelet::IsInit(spec, ending.container)) continue;
    const std::string who =
        spec.containers.size() == 1
            ? Cat("pod ", kind.pod)
            : Cat("container ", kubelet::ContainerAt(spec, ending.container).name, " of pod ", kind.pod);
    return ExitDraft{ending.exit_code, Cat(who, " exits ", ending.exit_code, " at 10s")};
  }
  return std::nullopt;
}

class Drafter {
 public:
  explicit Drafter(const Loaded& loaded) : kinds_(KindsOf(loaded)) {}

  std::vector<Draft> Run() {
    Add("nothing happens to it", {});
    for (const PodKind& kind : kinds_) {
      Rules(kind);
      const std::string& pod = kind.pod;
      Add(Cat("a pod of ", kind.owner, " is out of memory"),
          {Cat("container ", kind.spec->pod_template.spec->containers.front().name, " of pod ", pod,
               " is out of memory at 10s")});
      Add(Cat("a pod of ", kind.owner, " is preempted"), {Cat("pod ", pod, " is preempted at 10s")});
      Add(Cat("a pod of ", kind.owner, " is evicted by a drain"), {Cat("pod ", pod, " is evicted at 10s")});
      Add(Cat("a pod of ", kind.owner, " is deleted by a user"), {Cat("pod ", pod, " is deleted at 10s")});
    }
    Add("a node is shut down", {"node n1 is shut down at 10s"});
    Add("a node is lost", {"node n1 is lost at 10s"});
    return std::move(out_);
  }

 private:
  void Rules(const PodKind& kind) {
    if (!kind.spec->pod_failure_policy) {
      return Add(Cat("a pod of ", kind.owner, " exits 1"), {Cat("pod ", kind.pod, " exits 1 at 10s")});
    }
    // What each rule decides is asked of the policy itself.
    const lint::PolicyReach reach = lint::Reach(*kind.spec);
    const auto& rules = kind.spec->pod_failure_policy->rules;
    for (std::size_t i = 0; i < rules.size(); ++i) {
      const std::string name = Cat("rule ", i + 1, " of ", kind.owner, ": ");
      if (rules[i].on_exit_codes) {
        if (const auto exit = FirstExit(reach, reach.rules[i].decides, kind)) {
          Add(Cat(name, "exit code ", exit->code), {exit->event});
        }
        continue;
      }
      for (const auto& condition : rules[i].on_pod_conditions) {
        if (condition.type == core::kDisruptionTargetCondition) {
          Add(Cat(name, "a disruption"), {Cat("pod ", kind.pod, " is evicted at 10s")});
        } else {
          Add(Cat(name, "condition ", condition.type),
              {Cat("pod ", kind.pod, " gets condition ", condition.type, "=", condition.status, " at 10s"),
               Cat("pod ", kind.pod, " exits 1 at 11s")});
        }
      }
    }
    std::vector<std::size_t> free;
    for (std::size_t e = 0; e < reach.verdicts.size(); ++e) {
      if (!reach.verdicts[e].match) free.push_back(e);
    }
    if (const auto exit = FirstExit(reach, free, kind)) {
      Add(Cat("no rule of ", kind.owner, " fits: exit code ", exit->code), {exit->event});
    }
  }

  void Add(std::string name, std::vector<std::string> when) { out_.push_back({std::move(name), std::move(when)}); }

  const std::vector<PodKind> kinds_;
  std::vector<Draft> out_;
};

// What has become of the objects, as expectations.
std::vector<std::string> Observed(const Loaded& loaded, const sim::CaseHistory& history) {
  std::vector<std::string> out;
  const auto end = [&out](std::string_view kind, const std::string& name, const auto& all) {
    const auto at = all.find(name);
    if (at == all.end() || !at->second.finished) {
      out.push_back(Cat(kind, " ", name, " does not end"));
    } else if (const auto* failed = at->second.status.FindCondition("Failed"); failed && failed->status == "True") {
      out.push_back(Cat(kind, " ", name, " fails because ", failed->reason));
    } else {
      out.push_back(Cat(kind, " ", name, " completes"));
    }
  };
  for (const LoadedJob& job : loaded.jobs) {
    const std::string name = job.job.metadata.name.str();
    end("Job", name, history.jobs());
    const auto at = history.jobs().find(name);
    if (at != history.jobs().end()) out.push_back(Cat("failures of ", name, " are ", at->second.status.failed));
  }
  for (const LoadedJobSet& jobset : loaded.jobsets) {
    const std::string name = jobset.jobset.metadata.name.str();
    end("JobSet", name, history.jobsets());
    const auto at = history.jobsets().find(name);
    if (at == history.jobsets().end()) continue;
    out.push_back(Cat("restarts of ", name, " are ", at->second.status.restarts, " and ",
                      at->second.status.restarts_count_towards_max, " count"));
  }
  std::set<std::string> told;
  for (const world::Verdict& verdict : history.verdicts()) {
    if (!verdict.rule) continue;
    std::string of = verdict.jobset.empty() ? verdict.job.str() : verdict.jobset.str();
    const auto job = history.jobs().find(of);
    if (verdict.jobset.empty() && job != history.jobs().end() && !job->second.group.empty()) of = job->second.group;
    std::string text = Cat("rule ", verdict.rule->index + 1, " of ", of, " decides");
    if (told.insert(text).second) out.push_back(std::move(text));
  }
  return out;
}

// As YAML: plain where that reads as the same text.
std::string Scalar(const std::string& text) {
  const bool plain =
      !text.empty() &&
      std::all_of(
          text.begin(), text.end(),
          [](char c) { return IsAlnum(c) || c == ' ' || c == '-' || c == '_' || c == '.' || c == '/' || c == '='; }) &&
      (IsAlnum(text.front()) || text.front() == '/' || text.front() == '.') && text.back() != ' ';
  return plain ? text : document::WriteJson(document::Value::String(text));
}

}  // namespace

int InitTest(const std::vector<std::string>& paths, const admission::ServerVersions& servers, const std::string& gates,
             Color color) {
  const Loaded loaded = LoadForTest(paths, servers);
  if (!loaded.errors.empty()) return Tell({kBadInput, loaded.errors, ""}, color);
  if (loaded.jobs.empty() && loaded.jobsets.empty()) {
    return Tell(BadInput({"there is no Job and no JobSet in these manifests: nothing to test"}), color);
  }
  SuiteTest test;
  test.loaded = std::make_shared<const Loaded>(loaded);
  const sim::CaseObjects objects = test.objects();
  std::string out =
      "# Written by `reprieve test --init`. What each case expects is what a simulation has shown: keep what you want "
      "to\n"
      "# stay so, and change what should be otherwise. docs/TEST.md has the language.\n"
      "kind: PolicyTest\nmanifests:\n";
  for (const std::string& path : paths) AppendTo(out, "- ", Scalar(path), "\n");
  if (!gates.empty()) {
    out += "cluster:\n  featureGates:\n";
    for (const std::string_view gate : Split(gates, ',')) {
      const std::size_t equals = gate.find('=');
      AppendTo(out, "    ", gate.substr(0, equals), ": ", gate.substr(equals + 1), "\n");
    }
  }
  out += "cases:\n";
  for (const Draft& draft : Drafter(loaded).Run()) {
    sim::CaseOptions options;
    options.nodes = sim::NodesThatFit(objects, 4, {});
    options.engine.jobsets.gates = servers.gates;
    sim::CaseRun run(objects, std::move(options));
    for (const std::string& when : draft.when) {
      const auto parsed = world::ParseIncident(when);
      if (const auto* incident = std::get_if<world::Incident>(&parsed)) run.Schedule(*incident);
    }
    run.Play(sim::PolicyCase().until);
    if (!run.history().without_effect().empty()) continue;
    AppendTo(out, "- name: ", Scalar(draft.name), "\n");
    if (!draft.when.empty()) out += "  when:\n";
    for (const std::string& when : draft.when) AppendTo(out, "  - ", Scalar(when), "\n");
    out += "  expect:\n";
    for (const std::string& expect : Observed(loaded, run.history())) AppendTo(out, "  - ", Scalar(expect), "\n");
  }
  std::fputs(out.c_str(), stdout);
  return kCompleted;
}

}  // namespace reprieve::cli
