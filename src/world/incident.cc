#include "world/incident.h"

#include <array>
#include <optional>
#include <vector>

#include "base/text.h"
#include "model/jobset.h"

namespace reprieve::world {
namespace {

struct Phrase {
  std::string_view words;
  FaultKind fault;
};
constexpr std::array kNodeFaults = {Phrase{"drained", FaultKind::kNodeDrained},
                                    Phrase{"tainted", FaultKind::kNodeTainted}, Phrase{"lost", FaultKind::kNodeLost},
                                    Phrase{"shut down", FaultKind::kNodeShutDown},
                                    Phrase{"back", FaultKind::kNodeBack}};
constexpr std::array kPodFaults = {Phrase{"killed", FaultKind::kPodKilled}, Phrase{"deleted", FaultKind::kPodDeleted},
                                   Phrase{"evicted", FaultKind::kPodEvicted},
                                   Phrase{"preempted", FaultKind::kPodPreempted},
                                   Phrase{"evicted under memory pressure", FaultKind::kPodUnderPressure}};
constexpr std::array kContainerFaults = {Phrase{"killed", FaultKind::kContainerKilled},
                                         Phrase{"out of memory", FaultKind::kContainerOutOfMemory}};

struct Word {
  std::string_view text;
  std::size_t at = 0;
};

std::vector<Word> WordsOf(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n";
  std::vector<Word> out;
  for (std::size_t at = text.find_first_not_of(kBlanks); at != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
    out.push_back({text.substr(at, end - at), at});
    at = text.find_first_not_of(kBlanks, end);
  }
  return out;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), words_(WordsOf(text)) { incident_.text = text; }

  std::variant<Incident, IncidentError> Run() {
    Read();
    if (error_) return *error_;
    return incident_;
  }

 private:
  void Read() {
    const Word subject = Next("node, pod or container");
    if (subject.text == "node") {
      incident_.node = Name("the node's name, such as n1");
      if (Expect("is")) Faults(kNodeFaults);
    } else if (subject.text == "pod") {
      incident_.pod = Name("the pod's name, such as workers-0-1");
      if (Peek() == "gets") return Condition();
      if (Expect("is", "is or gets")) Faults(kPodFaults);
    } else if (subject.text == "container") {
      incident_.container = Next("the container's name").text;
      if (!Expect("of") || !Expect("pod")) return;
      incident_.pod = Name("the pod's name, such as workers-0-1");
      if (Peek() == "exits") return Exit();
      if (Expect("is", "is or exits")) Faults(kContainerFaults);
    } else {
      return Fail(subject, "expected node, pod or container");
    }
    When();
  }

  std::string Name(std::string_view expected) {
    const Word word = Next(expected);
    incident_.name_at = word.at;
    return std::string(word.text);
  }

  // All words up to `at`.
  template <std::size_t N>
  void Faults(const std::array<Phrase, N>& faults) {
    const std::size_t first = next_;
    std::string phrase;
    while (next_ < words_.size() && words_[next_].text != "at") {
      AppendTo(phrase, phrase.empty() ? "" : " ", words_[next_++].text);
    }
    std::string known;
    std::vector<std::string_view> names;
    for (const Phrase& fault : faults) {
      if (fault.words == phrase) {
        incident_.fault = fault.fault;
        return;
      }
      AppendTo(known, known.empty() ? "" : ", ", fault.words);
      names.push_back(fault.words);
    }
    if (phrase.empty()) return Fail(End(first), Cat("expected one of ", known));
    const Word& last = words_[next_ - 1];
    const std::string_view near = NearestWord(phrase, names);
    const std::size_t begin = words_[first].at;
    Fail({text_.substr(begin, last.at + last.text.size() - begin), begin},
         Cat("not one of ", known, near.empty() ? std::string() : Cat("; did you mean ", near, "?")));
  }

  void Condition() {
    incident_.fault = FaultKind::kPodCondition;
    if (!Expect("gets") || !Expect("condition")) return;
    const Word word = Next("the condition's type, such as ConfigIssue");
    const std::size_t equals = word.text.find('=');
    incident_.condition = word.text.substr(0, equals);
    if (equals != std::string_view::npos) {
      incident_.condition_status = word.text.substr(equals + 1);
      const std::string& status = incident_.condition_status;
      if (status != "True" && status != "False" && status != "Unknown") {
        return Fail({word.text.substr(equals + 1), word.at + equals + 1}, "not one of True, False, Unknown");
      }
    }
    if (incident_.condition.empty()) return Fail(word, "expected the condition's type, such as ConfigIssue");
    if (Peek() == "because") {
      ++next_;
      incident_.condition_reason = Next("a reason in one word").text;
    }
    When();
  }

  void Exit() {
    incident_.fault = FaultKind::kContainerExits;
    ++next_;
    const Word word = Next("an exit code from 0 to 255");
    const auto code = ParseInt32(std::string(word.text));
    if (!code || *code < 0 || *code > 255) return Fail(word, "expected an exit code from 0 to 255");
    incident_.exit_code = *code;
    When();
  }

  void When() {
    if (!Expect("at", "at, and when")) return;
    const Word word = Next("a time since the beginning, such as 10s or 1m30s");
    const auto duration = ParseDuration(std::string(word.text));
    if (!duration || *duration < Nanoseconds(0)) {
      return Fail(word, "expected a time since the beginning, such as 10s or 1m30s");
    }
    incident_.at = *duration;
    if (next_ < words_.size()) {
      Fail({text_.substr(words_[next_].at), words_[next_].at}, "nothing may follow the time; give each event its own");
    }
  }

  std::string_view Peek() const { return next_ < words_.size() ? words_[next_].text : std::string_view(); }

  // What stands where a word is missing.
  Word End(std::size_t index) const { return index < words_.size() ? words_[index] : Word{{}, text_.size()}; }

  Word Next(std::string_view expected) {
    if (next_ < words_.size()) return words_[next_++];
    Fail(End(next_), Cat("expected ", expected));
    return {};
  }

  bool Expect(std::string_view word, std::string_view expected = {}) {
    if (error_) return false;
    if (Peek() == word) {
      ++next_;
      return true;
    }
    Fail(End(next_), Cat("expected ", expected.empty() ? word : expected));
    return false;
  }

  // The first error counts.
  void Fail(const Word& word, std::string message) {
    if (!error_) error_ = IncidentError{std::move(message), word.at, word.text.size()};
  }

  std::string_view text_;
  std::vector<Word> words_;
  std::size_t next_ = 0;
  Incident incident_;
  std::optional<IncidentError> error_;
};

}  // namespace

std::variant<Incident, IncidentError> ParseIncident(std::string_view text) {
  return Parser(text).Run();
}

namespace {

std::string DescribeApplied(const Incident& incident, const IncidentOutcome& outcome) {
  const auto pods = [&](std::string_view what) {
    return Cat(outcome.count, outcome.count == 1 ? " pod " : " pods ", what);
  };
  switch (incident.fault) {
    case FaultKind::kNodeDrained:
      return pods("evicted");
    case FaultKind::kNodeTainted:
      return pods("deleted");
    case FaultKind::kNodeLost:
      return pods("lost");
    case FaultKind::kNodeShutDown:
      return pods("ended by the kubelet");
    case FaultKind::kNodeBack:
      return "it takes pods again";
    case FaultKind::kPodKilled:
      return Cat("SIGKILL to ", outcome.pod);
    case FaultKind::kPodDeleted:
      return Cat(outcome.pod, " deleted");
    case FaultKind::kPodEvicted:
      return Cat(outcome.pod, " evicted");
    case FaultKind::kPodPreempted:
      return Cat(outcome.pod, " preempted");
    case FaultKind::kPodUnderPressure:
      return Cat(outcome.pod, " evicted by the kubelet");
    case FaultKind::kPodCondition:
      return Cat("set on ", outcome.pod);
    case FaultKind::kContainerKilled:
    case FaultKind::kContainerOutOfMemory:
    case FaultKind::kContainerExits:
      return Cat("SIGKILL to ", incident.container, " of ", outcome.pod);
  }
  return {};
}

}  // namespace

std::string Describe(const Incident& incident, const IncidentOutcome& outcome) {
  switch (outcome.kind) {
    case OutcomeKind::kApplied:
      return DescribeApplied(incident, outcome);
    case OutcomeKind::kNoNode:
      return Cat("no effect: no node ", incident.node);
    case OutcomeKind::kNoPod:
      return Cat("no effect: no pod ", incident.pod);
    case OutcomeKind::kNoContainer:
      return Cat("no effect: no container ", incident.container, " in ", outcome.pod);
    case OutcomeKind::kPodNotOnNode:
      return Cat("no effect: ", outcome.pod, " is not on a node yet");
    case OutcomeKind::kPodNotRunning:
      return Cat("no effect: no container of ", outcome.pod, " is running");
    case OutcomeKind::kContainerNotRunning:
      return Cat("no effect: container ", incident.container, " of ", outcome.pod, " is not running");
    case OutcomeKind::kNotDue:
      return "no effect: the run ended before its time";
  }
  return {};
}

bool IsCalled(const core::Pod& pod, std::string_view name) {
  std::string_view own = pod.metadata.name;
  if (own == name) return true;
  const std::size_t dash = own.rfind('-');
  if (dash == std::string_view::npos) return false;
  own = own.substr(0, dash);
  if (own == name) return true;
  const SharedString* jobset = pod.metadata.labels.Find(jobset::kJobSetName);
  return jobset != nullptr && own.starts_with(*jobset) && own.substr(jobset->size()) == Cat("-", name);
}

DisruptionTarget DisruptionTargetOf(FaultKind fault) {
  switch (fault) {
    case FaultKind::kNodeDrained:
    case FaultKind::kPodEvicted:
      return {"EvictionByEvictionAPI", "Eviction API: evicting"};
    case FaultKind::kNodeTainted:
      return {"DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint"};
    case FaultKind::kNodeLost:
      return {"DeletionByPodGC", "PodGC: node no longer exists"};
    case FaultKind::kPodPreempted:
      return {"PreemptionByScheduler", "default-scheduler: preempting to accommodate a higher priority pod"};
    case FaultKind::kNodeShutDown:
    case FaultKind::kPodUnderPressure:
      return {"TerminationByKubelet", PodEndOf(fault).message};
    case FaultKind::kNodeBack:
    case FaultKind::kPodKilled:
    case FaultKind::kPodDeleted:
    case FaultKind::kPodCondition:
    case FaultKind::kContainerKilled:
    case FaultKind::kContainerOutOfMemory:
    case FaultKind::kContainerExits:
      return {};
  }
  return {};
}

DisruptionTarget PodEndOf(FaultKind fault) {
  if (fault == FaultKind::kNodeShutDown) {
    return {"Terminated", "Pod was terminated in response to imminent node shutdown."};
  }
  if (fault == FaultKind::kPodUnderPressure) return {"Evicted", "The node was low on resource: memory. "};
  return {};
}

}  // namespace reprieve::world
