// RP013, RP014, RP015: message patterns of a JobSet's failure policy.
#include <algorithm>
#include <set>

#include "base/pattern.h"
#include "lint/checks.h"
#include "lint/job_endings.h"
#include "lint/words.h"
#include "policy/job_failure.h"

namespace reprieve::lint {
namespace {

constexpr std::size_t kMostNumbers = 8;
constexpr std::size_t kMostMessages = 20'000;

// The whole numbers in a pattern: indexes that it may mean.
std::set<std::int64_t> NumbersIn(std::string_view text) {
  std::set<std::int64_t> out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!IsDigit(text[i])) continue;
    std::size_t end = i;
    while (end < text.size() && IsDigit(text[end])) ++end;
    if (const auto number = ParseInt32(text.substr(i, end - i))) out.insert(*number);
    i = end;
  }
  return out;
}

// Words that stand before a slash: namespaces that it may mean.
std::set<std::string> NamespacesIn(std::string_view text) {
  std::set<std::string> out;
  for (std::size_t slash = text.find('/'); slash != std::string_view::npos; slash = text.find('/', slash + 1)) {
    std::size_t begin = slash;
    while (begin > 0 && (IsAlnum(text[begin - 1]) || text[begin - 1] == '-')) --begin;
    if (begin < slash) out.emplace(text.substr(begin, slash - begin));
  }
  return out;
}

// Some of 0 to count-1: the ends, and what the pattern names, also as the beginning of a longer number.
std::set<std::int64_t> Indexes(std::int64_t count, const std::set<std::int64_t>& named) {
  std::set<std::int64_t> out = {0, count - 1};
  for (const std::int64_t number : named) {
    for (const std::int64_t candidate : {number, number * 10}) {
      if (candidate >= 0 && candidate < count && out.size() < kMostNumbers) out.insert(candidate);
    }
  }
  return out;
}

class PatternCheck {
 public:
  PatternCheck(const JobSetSubject& jobset, Findings& out) : jobset_(jobset), policy_(*jobset.policy()), out_(out) {}

  void Run() {
    for (std::size_t r = 0; r < policy_.rules.size(); ++r) {
      const auto& patterns = policy_.rules[r].on_job_failure_message_patterns;
      for (std::size_t p = 0; p < patterns.size(); ++p) Check(r, p, patterns[p]);
    }
  }

 private:
  void Check(std::size_t r, std::size_t p, const std::string& text) {
    const std::string field = Cat("spec.failurePolicy.rules[", r, "].onJobFailureMessagePatterns[", p, "]");
    const std::string action(NameOf(policy_.rules[r].action));
    const Pattern pattern(text);
    if (!pattern.error().empty()) {
      out_.Add(Code::kPatternDoesNotCompile, field,
               Cat("JobSet takes a pattern that does not compile (", pattern.error(),
                   ") as one that matches nothing, so it never triggers ", action, "."),
               "Correct it; the syntax is RE2's, without look-around and back-references.");
      return;
    }
    const Pattern bounded(Cat("(?:^|[^0-9A-Za-z])(?:", text, ")(?:[^0-9A-Za-z]|$)"));
    std::string meant, also;
    for (const std::string& message : Messages(r, text)) {
      if (!pattern.FoundIn(message)) continue;
      (bounded.FoundIn(message) ? meant : also) = message;
    }
    if (meant.empty() && also.empty()) {
      out_.Add(Code::kPatternNeverMatches, field,
               Cat("No message that these Jobs can fail with matches it, so it never triggers ", action, "."),
               Cat("Write a part of such a message, for example ", Quote(Example(r)), ", or remove the pattern."));
    } else if (!meant.empty() && !also.empty()) {
      out_.Add(Code::kPatternNotAnchored, field,
               Cat("A pattern is searched for anywhere in the message, so this one also takes ", Quote(also), "."),
               "Write what follows too, or \\b at its ends, so that it matches whole words and numbers only.");
    }
  }

  // What the Jobs that the rule is about can fail with.
  std::vector<std::string> Messages(std::size_t r, std::string_view pattern) const {
    const jobset::FailurePolicyRule& rule = policy_.rules[r];
    std::vector<std::string> out;
    for (const JobSubject& job : jobset_.jobs) {
      const auto& targets = rule.target_replicated_jobs;
      if (!targets.empty() && std::find(targets.begin(), targets.end(), job.group->name) == targets.end()) continue;
      for (JobEnding& ending : JobEndings(job, PodNames(job, pattern))) {
        const auto& reasons = rule.on_job_failure_reasons;
        if (!reasons.empty() && std::find(reasons.begin(), reasons.end(), ending.reason) == reasons.end()) continue;
        out.push_back(std::move(ending.message));
        if (out.size() >= kMostMessages) return out;
      }
    }
    return out;
  }

  std::vector<PodName> PodNames(const JobSubject& job, std::string_view pattern) const {
    const std::set<std::int64_t> named = NumbersIn(pattern);
    std::set<std::string> spaces = {"default"};
    if (!jobset_.jobset->metadata.namespace_.empty()) spaces = {jobset_.jobset->metadata.namespace_.str()};
    // Where none is written, the JobSet may be created in any.
    if ((*jobset_.written)["metadata"]["namespace"].IsNull()) spaces.merge(NamespacesIn(pattern));
    std::vector<PodName> out;
    for (const std::string& space : spaces) {
      for (const std::int64_t index : Indexes(job.group->replicas, named)) {
        const std::string name = Cat(jobset_.jobset->metadata.name, "-", job.group->name, "-", index);
        if (!job.spec().indexed()) {
          out.push_back({space, Cat(name, "-abcde")});
          continue;
        }
        for (const std::int64_t pod : Indexes(job.spec().completions.value_or(1), named)) {
          out.push_back({space, Cat(name, "-", pod, "-abcde")});
        }
      }
    }
    return out;
  }

  std::string Example(std::size_t r) const {
    const auto messages = Messages(r, "");
    return messages.empty() ? std::string(policy::kBackoffLimitExceeded.message) : messages.front();
  }

  const JobSetSubject& jobset_;
  const jobset::FailurePolicy& policy_;
  Findings& out_;
};

}  // namespace

void CheckMessagePatterns(const JobSetSubject& jobset, Findings& out) {
  if (jobset.policy() != nullptr) PatternCheck(jobset, out).Run();
}

}  // namespace reprieve::lint
