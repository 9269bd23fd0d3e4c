// RP005 to RP009, RP016: exit codes that don't mean what the rule takes them for.
#include <algorithm>
#include <set>

#include "kubelet/restart.h"
#include "lint/checks.h"
#include "lint/job_endings.h"
#include "lint/words.h"

namespace reprieve::lint {
namespace {

using batch::ExitCodeOperator;
using batch::FailureAction;

// What programs that are told to stop end with most often.
bool IsUsualStop(std::int32_t code) {
  return code == 1 || code == 130 || code == kKilled || code == kTerminated;
}

class ExitCodeCheck {
 public:
  ExitCodeCheck(const JobSubject& job, Findings& out)
      : job_(job), reach_(job.reach), rules_(job.policy()->rules), out_(out) {}

  void Run() {
    for (std::size_t r = 0; r < rules_.size(); ++r) {
      if (rules_[r].on_exit_codes) {
        Disruptions(r);
        OutOfMemory(r);
        Impossible(r);
        if (!rules_[r].on_exit_codes->container_name) HelperContainers(r);
      }
      if (rules_[r].action == FailureAction::kIgnore) Unbounded(r);
    }
  }

 private:
  bool Ends(std::size_t r) const {
    return rules_[r].action == FailureAction::kFailJob || rules_[r].action == FailureAction::kFailIndex;
  }
  // What ends if rule `r` decides that ending.
  std::string WhatEnds(std::size_t r, std::size_t ending) const {
    if (rules_[r].action != FailureAction::kFailJob) return "index";
    if (job_.jobset == nullptr) return "Job";
    if (!job_.jobset->spec->failure_policy) return "JobSet";
    const JobEnding end = EndBy(job_, ending);
    const policy::FailedJob failed[] = {AsFailedJob(job_, end)};
    const auto decision = policy::JobSetFailureJudge(*job_.jobset->spec->failure_policy).Judge(failed).front();
    return decision.action == jobset::FailureAction::kFailJobSet ? "JobSet" : "Job";
  }

  // RP005, RP006: pods that the cluster takes away, judged by the code that their programs happened to end with.
  void Disruptions(std::size_t r) {
    if (!Ends(r)) return;
    std::set<std::int32_t> codes;
    std::string what;
    for (const std::size_t e : reach_.rules[r].decides) {
      const bool matters = rules_[r].action != FailureAction::kFailJob || FailJobMatters(job_, e);
      if (!reach_.endings[e].disrupted() || !matters) continue;
      if (codes.empty()) what = WhatEnds(r, e);
      codes.insert(ExitOf(reach_.verdicts[e])->exit_code);
    }
    if (codes.empty()) return;
    if (rules_[r].on_exit_codes->op == ExitCodeOperator::kNotIn) {
      std::vector<std::int32_t> signals;
      for (const std::int32_t code : {kKilled, kTerminated}) {
        if (codes.contains(code)) signals.push_back(code);
      }
      if (signals.empty()) return;
      out_.Add(Code::kNotInCatchesSignals, job_.RuleField(r, ".onExitCodes.operator"),
               Cat("A preempted or drained pod ends with ",
                   signals.front() == kKilled ? "137 unless its program handles SIGTERM"
                                              : "143 if SIGTERM kills its program",
                   ", which this NotIn catches: the first disruption ends the ", what, "."),
               HowToForgive(r));
      return;
    }
    const std::size_t ignore = LaterIgnore(r);
    if (ignore == rules_.size()) return;
    const auto usual = std::find_if(codes.begin(), codes.end(), IsUsualStop);
    const std::int32_t example = usual != codes.end() ? *usual : *codes.begin();
    out_.Add(Code::kFailJobBeforeDisruption, job_.RuleField(r, ".action"),
             Cat("A pod that is preempted or drained and exits ", example, " meets rule ", r + 1, " before rule ",
                 ignore + 1, ", so the disruption ends the ", what, " instead of being forgiven."),
             Cat("Move rule ", ignore + 1, " (Ignore, DisruptionTarget) before rule ", r + 1, "."),
             usual != codes.end() ? std::nullopt : std::optional(Severity::kInfo));
  }

  // In a JobSet whose Jobs are not retried, a Job that ends by its limit is what the JobSet restarts for.
  std::string HowToForgive(std::size_t r) const {
    const bool by_jobset = job_.jobset != nullptr && job_.spec().backoff_limit == 0;
    return Cat("Put {action: ", by_jobset ? "Count" : "Ignore",
               ", onPodConditions: [{type: DisruptionTarget}]} before rule ", r + 1,
               by_jobset ? ", so that the Job ends with BackoffLimitExceeded and the JobSet restarts." : ".");
  }

  // The first Ignore rule after `r` that would forgive a disruption which `r` decides; the number of rules: none.
  std::size_t LaterIgnore(std::size_t r) const {
    for (std::size_t later = r + 1; later < rules_.size(); ++later) {
      if (rules_[later].action != FailureAction::kIgnore || rules_[later].on_exit_codes) continue;
      const auto& matches = reach_.rules[later].matches;
      const bool forgives = std::any_of(matches.begin(), matches.end(), [&](std::size_t e) {
        return reach_.endings[e].disrupted() && reach_.verdicts[e].match->rule == static_cast<std::int32_t>(r);
      });
      if (forgives) return later;
    }
    return rules_.size();
  }

  // RP007.
  void OutOfMemory(std::size_t r) {
    const batch::OnExitCodes& codes = *rules_[r].on_exit_codes;
    if (rules_[r].action != FailureAction::kIgnore || codes.op != ExitCodeOperator::kIn) return;
    const auto& decides = reach_.rules[r].decides;
    const bool taken = std::any_of(decides.begin(), decides.end(), [&](std::size_t e) {
      return reach_.endings[e].kind == EndingKind::kExit && ExitOf(reach_.verdicts[e])->exit_code == kKilled;
    });
    if (!taken) return;
    const auto at = std::find(codes.values.begin(), codes.values.end(), kKilled) - codes.values.begin();
    out_.Add(Code::kIgnoredOutOfMemory, job_.RuleField(r, Cat(".onExitCodes.values[", at, "]")),
             "A program that is killed for lack of memory exits with 137 too, so a Job that needs too much memory is "
             "retried without end.",
             "Match disruptions by onPodConditions: [{type: DisruptionTarget}] instead of by exit code 137.");
  }

  // RP008.
  void Impossible(std::size_t r) {
    // Exit codes of Windows have 32 bits.
    const core::Value& os = job_.pod().rest["os"]["name"];
    const auto selector = job_.pod().node_selector.find("kubernetes.io/os");
    if (os.AsText() == "windows" || (selector != job_.pod().node_selector.end() && selector->second == "windows"))
      return;
    const std::vector<std::int32_t>& values = rules_[r].on_exit_codes->values;
    for (std::size_t v = 0; v < values.size(); ++v) {
      if (values[v] >= 0 && values[v] <= kGreatestExitCode) continue;
      const std::int32_t seen = values[v] & kGreatestExitCode;
      out_.Add(Code::kImpossibleExitCode, job_.RuleField(r, Cat(".onExitCodes.values[", v, "]")),
               Cat("Exit codes are 0 to 255, so no container ever ends with ", values[v], "."),
               Cat("Write the code that is seen: a program that calls exit(", values[v], ") ends with ", seen, "."));
    }
  }

  // RP009: without containerName, init containers and sidecars are asked too.
  void HelperContainers(std::size_t r) {
    if (rules_[r].action == FailureAction::kCount) return;
    std::string_view sidecar, init;
    std::int32_t code = 0;
    for (const std::size_t e : reach_.rules[r].decides) {
      const policy::ExitCodeEvidence& exit = *ExitOf(reach_.verdicts[e]);
      if (reach_.endings[e].disrupted()) continue;
      for (std::size_t c = 0; c < job_.pod().init_containers.size(); ++c) {
        const core::Container& container = job_.pod().init_containers[c];
        if (container.name != exit.container) continue;
        if (!kubelet::IsSidecar(job_.pod(), c)) {
          init = container.name;
        } else if (exit.exit_code == kKilled || exit.exit_code == kTerminated) {
          sidecar = container.name;
          code = exit.exit_code;
        }
      }
    }
    const std::string field = job_.RuleField(r, ".onExitCodes");
    const std::string change = job_.pod().containers.size() == 1
                                   ? Cat("Add containerName: ", job_.pod().containers[0].name, ".")
                                   : "Add containerName: with the container whose exit code you mean.";
    if (!sidecar.empty()) {
      out_.Add(Code::kRuleWithoutContainer, field,
               Cat("When the pod ends, its sidecar ", sidecar, " is stopped and exits ", code,
                   ", which this rule takes for the program's exit code: ", NameOf(rules_[r].action),
                   " happens whatever went wrong."),
               change);
    } else if (!init.empty()) {
      out_.Add(Code::kRuleWithoutContainer, field,
               Cat("Without containerName the rule also judges by init container ", init,
                   ", whose codes may mean something else."),
               change, Severity::kInfo);
    }
  }

  // RP016: Ignore as a catch-all: most codes of a container, or any failure at all.
  void Unbounded(std::size_t r) {
    if (job_.spec().active_deadline_seconds) return;
    for (std::size_t c = 0; c < kubelet::ContainerCount(job_.pod()); ++c) {
      if (kubelet::IsSidecar(job_.pod(), c)) continue;
      std::set<std::int32_t> ignored;
      for (const std::size_t e : reach_.rules[r].decides) {
        const PodEnding& ending = reach_.endings[e];
        if (ending.kind == EndingKind::kExit && ending.sidecar.empty() && ending.container == c) {
          ignored.insert(ending.exit_code);
        }
      }
      std::int32_t count = 0;
      for (const CodeClass& code : reach_.codes) count += ignored.contains(code.code) ? code.size : 0;
      if (count <= kGreatestExitCode / 2) continue;
      out_.Add(Code::kUnboundedRetries, job_.RuleField(r, ".action"),
               Cat("Rule ", r + 1, " ignores ",
                   count == kGreatestExitCode ? "every exit code" : Cat(count, " of 255 exit codes"), " of container ",
                   kubelet::ContainerAt(job_.pod(), c).name,
                   ", and ignored failures count towards no limit: a program with a bug is started again forever."),
               "Ignore only what is not the program's fault (DisruptionTarget, exit codes of your own), or set "
               "activeDeadlineSeconds.");
      return;
    }
  }

  const JobSubject& job_;
  const PolicyReach& reach_;
  const std::vector<batch::PodFailurePolicyRule>& rules_;
  Findings& out_;
};

}  // namespace

void CheckExitCodeRules(const JobSubject& job, Findings& out) {
  if (job.policy() != nullptr) ExitCodeCheck(job, out).Run();
}

}  // namespace reprieve::lint
