// Verdicts: every judgement of this reconcile as a value that people can read (DESIGN.md, principle 3).
#include <algorithm>

#include "base/text.h"
#include "controllers/job/sync.h"
#include "policy/failure_facts.h"

namespace reprieve::controllers::job {
namespace {

class Explainer {
 public:
  explicit Explainer(Sync& sync) : sync_(sync), failed_(sync.job.status.failed + Uncounted(sync.job.status)) {}

  void Run() {
    // Once the end is decided, what ends with the Job needs no verdict of its own.
    if (sync_.ended_before) return;
    // What is deleted with its Job is judged by nobody: nothing follows from it.
    if (sync_.job.metadata.deleting()) return;
    const std::vector<const TrackedPod*> failed = ByAge();
    sync_.plan().verdicts.reserve(failed.size() + 1);
    for (const TrackedPod* pod : failed) Add(*pod);
    if (sync_.end && !explained_end_) AddEnd();
  }

 private:
  static std::int32_t Uncounted(const batch::JobStatus& status) {
    return status.uncounted_terminated_pods ? static_cast<std::int32_t>(status.uncounted_terminated_pods->failed.size())
                                            : 0;
  }

  std::vector<const TrackedPod*> ByAge() const {
    std::vector<const TrackedPod*> out(sync_.view.unannounced().begin(), sync_.view.unannounced().end());
    std::sort(out.begin(), out.end(), [](const TrackedPod* a, const TrackedPod* b) { return a->order < b->order; });
    return out;
  }

  world::Verdict About() const {
    world::Verdict verdict;
    verdict.at = sync_.now;
    verdict.namespace_ = sync_.job.metadata.namespace_;
    verdict.job = sync_.job.metadata.name;
    verdict.failed_before = verdict.failed_after = failed_;
    return verdict;
  }

  void Add(const TrackedPod& pod) {
    static const policy::PodVerdict kNoRule;
    const policy::PodVerdict& judged = pod.verdict ? *pod.verdict : kNoRule;
    world::Verdict& verdict = sync_.plan().verdicts.emplace_back(About());
    verdict.pod = pod.pod->metadata.name;
    verdict.facts = policy::FailureFacts(*pod.pod, judged);
    verdict.action = std::string(batch::NameOf(judged.action));
    if (judged.match) {
      verdict.rule = world::RuleReference{judged.match->rule, verdict.action, sync_.job.file, judged.match->mark.line};
    }
    if (judged.counts()) ++failed_;
    verdict.failed_after = failed_;
    verdict.consequence = Consequence(pod, judged, verdict);
  }

  std::string Consequence(const TrackedPod& pod, const policy::PodVerdict& judged, world::Verdict& verdict) {
    if (!explained_end_ && EndsHere(judged)) {
      explained_end_ = verdict.ends = true;
      return EndText();
    }
    if (sync_.spec.indexed() && sync_.view.succeeded().Contains(pod.index)) return "its index has succeeded already";
    if (sync_.view.failed().Contains(pod.index) && pod.index >= 0) return Cat("index ", pod.index, " failed for good");
    if (sync_.end) return EndText();
    const std::string wait = Wait(pod);
    if (!judged.counts()) return Cat("not counted, retry", wait);
    if (sync_.spec.backoff_limit_per_index) {
      return Cat("retry ", pod.carried.counted + 1, " of ", *sync_.spec.backoff_limit_per_index, " of index ",
                 pod.index, wait);
    }
    return Cat("retry ", failed_, " of ", sync_.spec.backoff_limit.value_or(6), wait);
  }

  // True if this failure, and not a later one of the same reconcile, ends the Job.
  bool EndsHere(const policy::PodVerdict& judged) const {
    if (!sync_.end || sync_.end->success) return false;
    if (sync_.end->reason == "PodFailurePolicy") return judged.action == batch::FailureAction::kFailJob;
    return sync_.end->reason == "BackoffLimitExceeded" && failed_ > sync_.spec.backoff_limit.value_or(6);
  }

  std::string EndText() const {
    return Cat("Job ", sync_.job.metadata.name, sync_.end->success ? " succeeded: " : " failed: ", sync_.end->reason);
  }

  std::string Wait(const TrackedPod& pod) {
    if (sync_.spec.backoff_limit_per_index) {
      return Text(policy::BackoffRemaining(pod.carried.total() + 1, policy::FinishTime(*pod.pod), sync_.now,
                                           sync_.options.delays));
    }
    if (!wait_of_all_) {
      wait_of_all_ = Text(policy::BackoffRemaining(sync_.backoff.failures, sync_.backoff.last_failure, sync_.now,
                                                   sync_.options.delays));
    }
    return *wait_of_all_;
  }

  static std::string Text(Nanoseconds wait) {
    return wait > Nanoseconds(0) ? Cat(" in ", HumanDuration(wait)) : std::string();
  }

  // An end that no pod's failure explains: a deadline, the success policy, restarts in place.
  void AddEnd() {
    if (sync_.end->success && sync_.end->reason == "CompletionsReached") return;
    world::Verdict verdict = About();
    verdict.facts = Cat("ends: ", sync_.end->message);
    verdict.action = sync_.end->reason;
    verdict.consequence = EndText();
    verdict.ends = true;
    sync_.plan().verdicts.push_back(std::move(verdict));
  }

  Sync& sync_;
  std::int32_t failed_;
  bool explained_end_ = false;
  std::optional<std::string> wait_of_all_;  // without a limit per index one wait is for all
};

}  // namespace

void Explain(Sync& sync) {
  Explainer(sync).Run();
}

}  // namespace reprieve::controllers::job
