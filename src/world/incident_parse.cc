// The parser of incidents: word by word, and of what is wrong the word.
#include <array>
#include <csignal>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "base/word_reader.h"
#include "world/incident.h"

namespace reprieve::world {
namespace {

struct Phrase {
  std::string_view words;
  FaultKind fault;
};
constexpr std::array kNodeFaults = {
    Phrase{"drained", FaultKind::kNodeDrained},    Phrase{"tainted", FaultKind::kNodeTainted},
    Phrase{"lost", FaultKind::kNodeLost},          Phrase{"unreachable", FaultKind::kNodeUnreachable},
    Phrase{"shut down", FaultKind::kNodeShutDown}, Phrase{"back", FaultKind::kNodeBack}};
constexpr std::array kPodFaults = {Phrase{"killed", FaultKind::kPodKilled},
                                   Phrase{"deleted", FaultKind::kPodDeleted},
                                   Phrase{"evicted", FaultKind::kPodEvicted},
                                   Phrase{"preempted", FaultKind::kPodPreempted},
                                   Phrase{"evicted under memory pressure", FaultKind::kPodUnderPressure},
                                   Phrase{"evicted over its storage limit", FaultKind::kPodOverStorageLimit},
                                   Phrase{"preempted by the kubelet", FaultKind::kPodPreemptedByKubelet},
                                   Phrase{"deleted for a device taint", FaultKind::kPodDeviceTainted},
                                   Phrase{"refused by its node", FaultKind::kPodRefused}};
constexpr std::array kContainerFaults = {Phrase{"killed", FaultKind::kContainerKilled},
                                         Phrase{"out of memory", FaultKind::kContainerOutOfMemory}};

constexpr std::array kOwnerFaults = {Phrase{"suspended", FaultKind::kSuspended}, Phrase{"resumed", FaultKind::kResumed},
                                     Phrase{"deleted", FaultKind::kDeleted}};
// The usual ways of a program to be ended by a signal.
constexpr std::array<std::pair<std::string_view, int>, 9> kSignals = {{{"SIGHUP", SIGHUP},
                                                                       {"SIGINT", SIGINT},
                                                                       {"SIGABRT", SIGABRT},
                                                                       {"SIGBUS", SIGBUS},
                                                                       {"SIGFPE", SIGFPE},
                                                                       {"SIGKILL", SIGKILL},
                                                                       {"SIGSEGV", SIGSEGV},
                                                                       {"SIGPIPE", SIGPIPE},
                                                                       {"SIGTERM", SIGTERM}}};
constexpr std::int32_t kEndedBySignal = 128;  // and the signal's number: as a shell and a container runtime have it

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), words_(text) { incident_.text = text; }

  std::variant<Incident, IncidentError> Run() {
    Read();
    if (words_.error()) return *words_.error();
    return incident_;
  }

 private:
  void Read() {
    const Word subject = words_.Next("node, pod, container, Job, JobSet or controller");
    if (subject.text == "node") {
      incident_.node = Name("the node's name, such as n1");
      if (words_.Expect("is")) Faults(kNodeFaults);
    } else if (subject.text == "pod") {
      incident_.pod = Name("the pod's name, such as workers-0-1");
      if (words_.Take("gets")) return Condition();
      if (words_.Take("exits")) return Exit(FaultKind::kPodExits);
      const std::string_view verb = words_.Peek();
      if (verb == "never" || verb == "stays" || verb == "hangs") return Stuck();
      if (words_.Expect("is", "is, gets, exits, never starts, stays pending or hangs")) Faults(kPodFaults);
    } else if (subject.text == "container") {
      incident_.container = words_.Next("the container's name").text;
      if (!words_.Expect("of") || !words_.Expect("pod")) return;
      incident_.pod = Name("the pod's name, such as workers-0-1");
      if (words_.Take("exits")) return Exit(FaultKind::kContainerExits);
      if (words_.Expect("is", "is or exits")) Faults(kContainerFaults);
    } else if (subject.text == "Job" || subject.text == "JobSet") {
      incident_.owner_kind = subject.text == "Job" ? Kind::kJob : Kind::kJobSet;
      incident_.owner = Name(Cat("the ", subject.text, "'s name, such as train"));
      if (!words_.Expect("is")) return;
      if (words_.Peek() == "scaled") return Scale();
      Faults(kOwnerFaults, ", scaled to NUMBER");
    } else if (subject.text == "controller") {
      incident_.fault = FaultKind::kControllerRestarts;
      if (!words_.Expect("restarts")) return;
    } else {
      return words_.Fail(subject, "expected node, pod, container, Job, JobSet or controller");
    }
    When();
  }

  void Scale() {
    incident_.fault = FaultKind::kScaled;
    const Word word = words_.Next("scaled");
    if (incident_.owner_kind == Kind::kJobSet) {
      return words_.Fail(word, "a JobSet has no number of pods of its own; scale one of its Jobs");
    }
    if (!words_.Expect("to", "to, and a number of pods")) return;
    incident_.pods = static_cast<std::int32_t>(words_.Count("a number of pods"));
    When();
  }

  // From when on may be left out: from the beginning.
  void Stuck() {
    const std::string_view verb = words_.Next("").text;
    if (verb == "never") {
      incident_.fault = FaultKind::kPodNeverStarts;
      if (!words_.Expect("starts")) return;
    } else if (verb == "stays") {
      incident_.fault = FaultKind::kPodStaysPending;
      if (!words_.Take("Pending") && !words_.Expect("pending")) return;
    } else {
      incident_.fault = FaultKind::kPodHangs;
    }
    if (!words_.AtEnd()) When();
  }

  std::string Name(std::string_view expected) {
    const Word word = words_.Next(expected);
    incident_.name_at = word.at;
    return std::string(word.text);
  }

  // All words up to `at`. `others`: what else may stand there.
  template <std::size_t N>
  void Faults(const std::array<Phrase, N>& faults, std::string_view others = {}) {
    const Word first = words_.Here();
    const std::string phrase = words_.Phrase("at");
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
    known += others;
    if (phrase.empty()) return words_.Fail({{}, first.at}, Cat("expected one of ", known));
    const std::string_view near = NearestWord(phrase, names);
    words_.Fail({text_.substr(first.at, words_.read_to() - first.at), first.at},
                Cat("not one of ", known, near.empty() ? std::string() : Cat("; did you mean ", near, "?")));
  }

  void Condition() {
    incident_.fault = FaultKind::kPodCondition;
    if (!words_.Expect("condition")) return;
    const Word word = words_.Next("the condition's type, such as ConfigIssue");
    const std::size_t equals = word.text.find('=');
    incident_.condition = word.text.substr(0, equals);
    if (equals != std::string_view::npos) {
      incident_.condition_status = word.text.substr(equals + 1);
      const std::string& status = incident_.condition_status;
      if (status != "True" && status != "False" && status != "Unknown") {
        return words_.Fail({word.text.substr(equals + 1), word.at + equals + 1}, "not one of True, False, Unknown");
      }
    }
    if (incident_.condition.empty()) return words_.Fail(word, "expected the condition's type, such as ConfigIssue");
    if (words_.Take("because")) incident_.condition_reason = words_.Next("a reason in one word").text;
    When();
  }

  void Exit(FaultKind fault) {
    incident_.fault = fault;
    if (words_.Peek() == "by" || words_.Peek() == "with") words_.Next("");
    constexpr std::string_view kExpected = "an exit code from 0 to 255, or a signal, such as SIGSEGV";
    const Word word = words_.Next(kExpected);
    const auto code = ExitCodeOf(word.text);
    if (!code) return words_.Fail(word, Cat("expected ", kExpected));
    incident_.exit_code = *code;
    When();
  }

  void When() {
    if (!words_.Expect("at", "at, and when")) return;
    incident_.at = words_.Duration();
    words_.End("nothing may follow the time; give each event its own");
  }

  std::string_view text_;
  WordReader words_;
  Incident incident_;
};

}  // namespace

std::optional<std::int32_t> ExitCodeOf(std::string_view word) {
  for (const auto& [name, number] : kSignals) {
    if (name == word) return kEndedBySignal + number;
  }
  const auto code = ParseInt32(word);
  return code && *code >= 0 && *code <= 255 ? code : std::nullopt;
}

std::variant<Incident, IncidentError> ParseIncident(std::string_view text) {
  return Parser(text).Run();
}

}  // namespace reprieve::world
