// Verdicts: every judgement of this reconcile as a value that people can read.
#include <algorithm>

#include "base/text.h"
#include "controllers/job/sync.h"

namespace reprieve::controllers::job {
namespace {

class Explainer {
 public:
  explicit Explainer(Sync& sync)
      : sync_(sync),
        namespace_(sync.job.metadata.namespace_),
        job_(sync.job.metadata.name),
        file_(sync.job.file),
        failed_(static_cast<std::int32_t>(sync.failed)) {}

  void Run() {
    const std::vector<const TrackedPod*> failed = ByAge();
    for (const TrackedPod* pod : failed) sync_.decision.reported.push_back({pod->pod, pod->order});
    // Once the end is decided, what ends with the Job needs no verdict of its own.
    if (sync_.ended_before) return;
    // Pods that are deleted with their Job are not judged: nothing follows from their failure.
    if (sync_.job.metadata.deleting()) return;
    // These are the latest of all known failures. Status may count some of them already, if an earlier plan, or another
    // controller's, stopped midway.
    failed_ -= static_cast<std::int32_t>(
        std::count_if(failed.begin(), failed.end(), [this](const TrackedPod* pod) { return Counts(*pod); }));
    sync_.plan().verdicts.reserve(failed.size() + 1);
    for (const TrackedPod* pod : failed) Add(*pod);
    if (sync_.end && !explained_end_) AddEnd();
  }

 private:
  bool Counts(const TrackedPod& pod) const { return pod.counts() && sync_.Eligible(pod); }

  std::vector<const TrackedPod*> ByAge() const {
    std::vector<const TrackedPod*> out(sync_.view.unreported().begin(), sync_.view.unreported().end());
    const auto older = [](const TrackedPod* a, const TrackedPod* b) { return a->order < b->order; };
    if (!std::is_sorted(out.begin(), out.end(), older)) std::sort(out.begin(), out.end(), older);
    return out;
  }

  static SharedString NameOf(batch::FailureAction action) {
    if (action == batch::FailureAction::kCount) return "Count"_shared;  // what most are
    return batch::NameOf(action);
  }

  world::Verdict& AddVerdict() {
    world::Verdict& verdict = sync_.plan().verdicts.emplace_back();
    verdict.at = sync_.now;
    verdict.namespace_ = namespace_;
    verdict.job = job_;
    verdict.failed_before = verdict.failed_after = failed_;
    return verdict;
  }

  void Add(const TrackedPod& pod) {
    const policy::PodVerdict& judged = pod.judged->verdict;
    world::Verdict& verdict = AddVerdict();
    verdict.pod = pod.pod->metadata.name;
    verdict.facts = pod.judged->phrase;
    verdict.container = pod.judged->facts.container;
    verdict.exit_code = pod.judged->facts.exit_code;
    verdict.message = pod.judged->facts.why;
    verdict.action = NameOf(judged.action);
    if (judged.match) {
      verdict.rule = world::RuleReference{judged.match->rule, verdict.action, file_, judged.match->mark.line};
    }
    if (Counts(pod)) ++failed_;
    verdict.failed_after = failed_;
    Follow(pod, judged, verdict);
  }

  // What follows from it.
  void Follow(const TrackedPod& pod, const policy::PodVerdict& judged, world::Verdict& verdict) {
    if (!explained_end_ && EndsHere(judged)) {
      explained_end_ = verdict.ends = true;
      verdict.consequence = EndText();
    } else if (sync_.spec.indexed() && sync_.view.succeeded().Contains(pod.index)) {
      verdict.consequence = "its index has succeeded already"_shared;
    } else if (sync_.view.failed().Contains(pod.index) && pod.index >= 0) {
      verdict.consequence = Cat("index ", pod.index, " failed for good");
    } else if (sync_.end) {
      verdict.consequence = EndText();
    } else {
      verdict.retry = RetryOf(pod, judged);
      const Nanoseconds wait = WaitOf(pod);
      if (wait > Nanoseconds(0)) verdict.wait = wait;
    }
  }

  world::Retry RetryOf(const TrackedPod& pod, const policy::PodVerdict& judged) const {
    if (!judged.counts()) return {};
    if (const auto limit = sync_.spec.backoff_limit_per_index) return {pod.carried.counted + 1, *limit, pod.index};
    return {failed_, sync_.spec.backoff_limit.value_or(6), -1};
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

  Nanoseconds WaitOf(const TrackedPod& pod) {
    if (sync_.spec.backoff_limit_per_index) {
      return policy::BackoffRemaining(pod.carried.total() + 1, policy::FinishTime(*pod.pod), sync_.now,
                                      sync_.options.delays);
    }
    if (!wait_of_all_) {
      wait_of_all_ =
          policy::BackoffRemaining(sync_.backoff.failures, sync_.backoff.last_failure, sync_.now, sync_.options.delays);
    }
    return *wait_of_all_;
  }

  // An end that no pod's failure explains: a deadline, the success policy, restarts in place.
  void AddEnd() {
    if (sync_.end->success && sync_.end->reason == "CompletionsReached") return;
    world::Verdict& verdict = AddVerdict();
    verdict.facts = Cat("ends: ", sync_.end->message);
    verdict.action = sync_.end->reason;
    verdict.consequence = EndText();
    verdict.ends = true;
  }

  Sync& sync_;
  // The same in all verdicts.
  const SharedString namespace_, job_, file_;
  std::int32_t failed_;
  bool explained_end_ = false;
  std::optional<Nanoseconds> wait_of_all_;  // without a limit per index one wait is for all
};

}  // namespace

void Explain(Sync& sync) {
  Explainer(sync).Run();
}

}  // namespace reprieve::controllers::job
