// The parser of expectations: word by word, and of what is wrong the word.
#include <array>
#include <limits>
#include <utility>

#include "base/text.h"
#include "base/word_reader.h"
#include "model/index_list.h"
#include "sim/expectation.h"

namespace reprieve::sim {
namespace {

using What = Expectation::What;

constexpr std::array<std::pair<std::string_view, What>, 5> kCounts = {{{"restarts", What::kRestarts},
                                                                       {"failures", What::kFailures},
                                                                       {"successes", What::kSuccesses},
                                                                       {"pods", What::kPods},
                                                                       {"retries", What::kRetries}}};

class Parser {
 public:
  explicit Parser(std::string_view text) : words_(text) { out_.text = text; }

  std::variant<Expectation, ExpectationError> Run() {
    Read();
    if (words_.error()) return *words_.error();
    return out_;
  }

 private:
  void Read() {
    constexpr std::string_view kSubjects =
        "Job, JobSet, restarts, failures, successes, pods, retries, failed, completed, rule, no or pod";
    const Word subject = words_.Next(kSubjects);
    for (const auto& [word, what] : kCounts) {
      if (subject.text == word) return Number(what);
    }
    if (subject.text == "Job" || subject.text == "JobSet") {
      Owner(subject.text == "Job" ? world::Kind::kJob : world::Kind::kJobSet);
    } else if (subject.text == "failed" || subject.text == "completed") {
      Indexes(subject.text == "failed" ? What::kFailedIndexes : What::kCompletedIndexes);
    } else if (subject.text == "rule") {
      Rule();
    } else if (subject.text == "no") {
      None();
    } else if (subject.text == "pod") {
      Pod();
    } else {
      return words_.Fail(subject, Cat("expected ", kSubjects));
    }
    words_.End("nothing may follow here; give each expectation its own line");
  }

  void Name(std::string_view expected) {
    const Word word = words_.Next(expected);
    out_.name_at = word.at;
    out_.name = word.text;
  }

  void By() {
    if (words_.Take("by")) out_.by = words_.Duration();
  }

  void Owner(world::Kind kind) {
    out_.kind = kind;
    Name("its name, such as train");
    if (words_.Take("completes") || words_.Take("succeeds")) {
      out_.what = What::kCompletes;
      By();
    } else if (words_.Take("fails")) {
      out_.what = What::kFails;
      By();
      if (words_.Take("because")) out_.reason = words_.Next("a reason in one word, such as BackoffLimitExceeded").text;
      By();
    } else if (words_.Take("does")) {
      out_.what = What::kDoesNotEnd;
      if (words_.Expect("not", "not end") && words_.Expect("end")) By();
    } else if (words_.Expect("is", "completes, fails, does not end, is gone or is suspended")) {
      if (words_.Take("suspended")) {
        out_.what = What::kIsSuspended;
        return;
      }
      out_.what = What::kIsGone;
      if (words_.Expect("gone", "gone or suspended")) By();
    }
  }

  void Number(What what) {
    out_.what = what;
    if (!words_.Expect("of")) return;
    Name("the name of a Job or JobSet, such as train");
    if (!words_.Take("is") && !words_.Expect("are")) return;
    out_.count = words_.Count("a number");
    if (what != What::kRestarts || !words_.Take("and")) return;
    out_.counted = words_.Count("how many of them count");
    if (!words_.Take("counts")) words_.Expect("count");
  }

  void Indexes(What what) {
    out_.what = what;
    if (!words_.Expect("indexes") || !words_.Expect("of")) return;
    Name("the Job's name, such as train");
    if (!words_.Expect("are")) return;
    const Word word = words_.Next("indexes, such as 1,3-5, or none");
    if (word.text == "none") return;
    if (!model::ParseIndexList(word.text, std::numeric_limits<std::int32_t>::max()).ok()) {
      return words_.Fail(word, "expected indexes in the form of a Job's status, such as 1,3-5, or none");
    }
    out_.indexes = word.text;
  }

  void Rule() {
    out_.what = What::kRuleDecides;
    const Word number = words_.Here();
    out_.rule = static_cast<std::int32_t>(words_.Count("the number of a rule; they count from 1"));
    if (out_.rule == 0 && !words_.error()) words_.Fail(number, "rules count from 1");
    if (!words_.Expect("of")) return;
    Name("the name of a Job, a replicated job or a JobSet");
    if (words_.Take("never")) {
      out_.what = What::kRuleNeverDecides;
      words_.Expect("decides");
      return;
    }
    if (!words_.Expect("decides", "decides or never decides") || words_.AtEnd()) return;
    if (words_.Take("once")) {
      out_.count = 1;
      return;
    }
    out_.count = words_.Count("how many times");
    words_.Expect("times");
  }

  void None() {
    if (words_.Take("rule")) {
      out_.what = What::kNoRuleDecides;
      if (!words_.Expect("of")) return;
      Name("the name of a Job, a replicated job or a JobSet");
      words_.Expect("decides");
      return;
    }
    if (!words_.Expect("pod", "rule or pod")) return;
    if (words_.Take("of")) Name("the name of a Job or JobSet");
    if (words_.Take("is")) {
      out_.what = What::kNoPodIsCreated;
      if (!words_.Expect("created")) return;
    } else {
      out_.what = What::kNoPodStarts;
      if (!words_.Expect("starts", "starts or is created")) return;
    }
    if (words_.Expect("after")) out_.by = words_.Duration();
  }

  void Pod() {
    Name("the pod's name, such as workers-0-1");
    if (words_.Take("never")) {
      out_.what = What::kPodNeverStarts;
      words_.Expect("starts");
      return;
    }
    out_.what = What::kPodStarts;
    if (!words_.Expect("starts", "starts or never starts") || words_.AtEnd()) return;
    if (words_.Take("by")) {
      out_.by = words_.Duration();
    } else if (words_.Take("once")) {
      out_.count = 1;
    } else {
      out_.count = words_.Count("by, and when, or how many times");
      words_.Expect("times");
    }
  }

  WordReader words_;
  Expectation out_;
};

}  // namespace

std::variant<Expectation, ExpectationError> ParseExpectation(std::string_view text) {
  return Parser(text).Run();
}

}  // namespace reprieve::sim
