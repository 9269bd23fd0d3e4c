#include <algorithm>

#include "admission/validation/job.h"
#include "admission/validation/object_meta.h"
#include "base/flat_hash.h"
#include "base/text.h"
#include "model/decode.h"
#include "model/index_list.h"

namespace reprieve::admission {

using document::Value;

namespace {

const FieldPath kStatus("status");

// Of several conditions of a type the first counts.
bool Holds(const Value& status, std::string_view type) {
  for (const Value& condition : status["conditions"].items()) {
    if (condition["type"].AsText() == type) return condition["status"].AsText() == "True";
  }
  return false;
}

bool IsFinished(const Value& status) {
  return Holds(status, "Complete") || Holds(status, "Failed");
}

bool HasUncounted(const Value& status) {
  const Value& uncounted = status["uncountedTerminatedPods"];
  return uncounted["succeeded"].size() + uncounted["failed"].size() > 0;
}

// The first index that both lists have, of intervals that may stand in any order. Of two that don't overlap the one
// that begins first is passed over, which is how the server can miss an overlap of lists that don't rise.
std::optional<std::int32_t> Overlap(const std::vector<model::IndexInterval>& a,
                                    const std::vector<model::IndexInterval>& b) {
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (a[i].first <= b[j].last && b[j].first <= a[i].last) return std::max(a[i].first, b[j].first);
    if (a[i].first <= b[j].first) {
      ++i;
    } else {
      ++j;
    }
  }
  return std::nullopt;
}

// One status that is to replace another. A rule is checked only where the update touches what the rule speaks of, so
// that a Job that breaks it already can still be updated elsewhere.
class StatusUpdate {
 public:
  StatusUpdate(const Value& job, const Value& stored, FieldErrors& errors)
      : job_(job), now_(job["status"]), before_(stored["status"]), errors_(errors) {}

  void Validate() {
    ValidateNumbers();
    ValidateUncounted();
    ValidateTerminalConditions();
    ValidateTimes();
    ValidateSupportingConditions();
    ValidateFinished();
    ValidateIndexLists();
    ValidateTerminating();
    ValidateReady();
    ValidateSuccessCriteria();
    ValidateTransitions();
  }

 private:
  bool Changed(std::string_view type) const { return Holds(now_, type) != Holds(before_, type); }
  bool Differs(std::string_view member) const { return !(now_[member] == before_[member]); }
  bool FinishedChanged() const { return IsFinished(now_) != IsFinished(before_); }

  void Invalid(std::string_view member, std::string_view detail) {
    errors_.Invalid(kStatus / member, Shown(now_[member]), detail);
  }
  // Of a number that reads 0 where it is absent.
  void InvalidNumber(std::string_view member, std::string_view detail) {
    errors_.Invalid(kStatus / member, Shown(now_[member].AsInt()), detail);
  }
  void Conflict(std::string_view detail) { errors_.InvalidNoValue(kStatus / "conditions", detail); }

  void ValidateNumbers() {
    for (const std::string_view member : {"active", "succeeded", "failed", "ready", "terminating"}) {
      ValidateNonNegative(now_[member], kStatus / member, errors_);
    }
  }

  void ValidateUncounted() {
    FlatSet<std::string_view> seen;
    for (const std::string_view list : {"succeeded", "failed"}) {
      const Value& uids = now_["uncountedTerminatedPods"][list];
      const auto path = [&](std::size_t i) { return (kStatus / "uncountedTerminatedPods" / list)[i]; };
      seen.reserve(seen.size() + uids.size());
      for (std::size_t i = 0; i < uids.size(); ++i) {
        const std::string& uid = uids[i].AsText();
        if (uid.empty()) {
          errors_.Invalid(path(i), Shown(uid), "must not be empty");
        } else if (!seen.insert(uid).second) {
          errors_.Duplicate(path(i), Shown(uid));
        }
      }
    }
  }

  void Exclude(std::string_view a, std::string_view b) {
    if (!Changed(a) && !Changed(b)) return;
    if (Holds(now_, a) && Holds(now_, b)) Conflict(Cat("cannot set ", a, "=True and ", b, "=true conditions"));
  }

  void Need(std::string_view a, std::string_view b) {
    if (Holds(now_, a) && !Holds(now_, b)) {
      Conflict(Cat("cannot set ", a, "=True condition without the ", b, "=true condition"));
    }
  }

  void ValidateTerminalConditions() {
    Exclude("Complete", "Failed");
    Exclude("Complete", "FailureTarget");
  }

  void ValidateSupportingConditions() {
    if (Changed("Failed")) Need("Failed", "FailureTarget");
    if (Changed("Complete") || Changed("SuccessCriteriaMet")) Need("Complete", "SuccessCriteriaMet");
    if (!job_["spec"]["successPolicy"].IsNull() && Holds(now_, "Complete") && !Holds(now_, "SuccessCriteriaMet")) {
      Conflict("cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True");
    }
  }

  void ValidateTimes() {
    const Value& completion = now_["completionTime"];
    const Value& start = now_["startTime"];
    const bool complete = Holds(now_, "Complete");
    if (Changed("Complete") || Differs("completionTime")) {
      if (!completion.IsNull() && !complete) {
        Invalid("completionTime", "cannot set completionTime when there is no Complete=True condition");
      }
      if (completion.IsNull() && complete) {
        errors_.Required(kStatus / "completionTime", "completionTime is required for Complete jobs");
      }
    }
    // Canonical times in UTC sort as text.
    if ((Differs("startTime") || Differs("completionTime")) && !completion.IsNull() && !start.IsNull() &&
        completion.AsText() < start.AsText()) {
      Invalid("completionTime", "must be equal to or after `startTime`");
    }
  }

  void ValidateFinished() {
    if (!IsFinished(now_)) return;
    if ((FinishedChanged() || Differs("active")) && now_["active"].AsInt() > 0) {
      Invalid("active", "active>0 is invalid for finished job");
    }
    // A Job that is suspended and wants nothing completes without ever having started.
    const bool never_started = job_["spec"]["suspend"].AsBool() && job_["spec"]["completions"].AsText() == "0";
    if ((FinishedChanged() || Differs("startTime")) && now_["startTime"].IsNull() && !never_started) {
      errors_.Required(kStatus / "startTime", "startTime is required for finished job");
    }
    if ((FinishedChanged() || Differs("uncountedTerminatedPods")) && HasUncounted(now_)) {
      errors_.Invalid(
          kStatus / "uncountedTerminatedPods",
          model::Dump(now_.Find("uncountedTerminatedPods"), model::GetMessage("batch/v1.UncountedTerminatedPods")),
          "must be empty for finished job");
    }
  }

  // Nothing to do, and suspended: it may be complete without having started.
  bool NeverHadToStart() const {
    const Value& spec = job_["spec"];
    return spec["suspend"].AsBool() && !spec["completions"].IsNull() && spec["completions"].AsInt() == 0;
  }

  std::int32_t Completions() const { return static_cast<std::int32_t>(job_["spec"]["completions"].AsInt()); }

  // The intervals that can be read; of the others ValidateParses says what is wrong.
  std::vector<model::IndexInterval> Readable(std::string_view member) const {
    return model::ReadableIntervals(now_[member].AsText(), Completions());
  }

  void ValidateParses(std::string_view member) {
    const auto parsed = model::ParseIndexList(now_[member].AsText(), Completions());
    if (!parsed.ok()) {
      errors_.Invalid(kStatus / member, Shown(now_[member].AsText()),
                      Cat("error parsing ", member, ": ", parsed.error().message));
    }
  }

  void ValidateIndexLists() {
    const Value& spec = job_["spec"];
    const bool countable = !spec["completions"].IsNull();
    const bool per_index = !spec["backoffLimitPerIndex"].IsNull();
    const bool indexed = spec["completionMode"].AsText() == "Indexed";
    const Value& failed = now_["failedIndexes"];
    const bool completed_differs = now_["completedIndexes"].AsText() != before_["completedIndexes"].AsText();
    const bool failed_differs = Differs("failedIndexes");
    if (completed_differs && countable) ValidateParses("completedIndexes");
    if (failed_differs && countable && per_index && !failed.IsNull()) ValidateParses("failedIndexes");
    if (completed_differs && !indexed && !now_["completedIndexes"].AsText().empty()) {
      Invalid("completedIndexes", "cannot set non-empty completedIndexes when non-indexed completion mode");
    }
    if (failed_differs && !per_index && !failed.IsNull()) {
      Invalid("failedIndexes", "cannot set non-null failedIndexes when backoffLimitPerIndex is null");
    }
    if ((completed_differs || failed_differs) && countable && !failed.IsNull()) {
      const auto both = Overlap(Readable("completedIndexes"), Readable("failedIndexes"));
      if (both) Invalid("failedIndexes", Cat("failedIndexes and completedIndexes overlap at index: ", *both));
    }
  }

  void ValidateTerminating() {
    if (!IsFinished(now_) || (!FinishedChanged() && !Differs("terminating"))) return;
    if (now_["terminating"].AsInt() > 0) Invalid("terminating", "terminating>0 is invalid for finished job");
  }

  void ValidateReady() {
    if (now_["ready"].IsNull() || (!Differs("ready") && !Differs("active"))) return;
    if (now_["ready"].AsInt() > now_["active"].AsInt()) Invalid("ready", "cannot set more ready pods than active");
  }

  void ValidateCounters() {
    if (now_["failed"].AsInt() < before_["failed"].AsInt())
      InvalidNumber("failed", "cannot decrease the failed counter");
    const Value& spec = job_["spec"];
    const bool elastic = spec["completionMode"].AsText() == "Indexed" && !spec["completions"].IsNull() &&
                         spec["completions"] == spec["parallelism"];
    if (!elastic && now_["succeeded"].AsInt() < before_["succeeded"].AsInt()) {
      InvalidNumber("succeeded", "cannot decrease the succeeded counter");
    }
  }

  void ValidateTransitions() {
    for (const std::string_view type : {"Failed", "Complete", "FailureTarget"}) {
      if (Holds(before_, type) && !Holds(now_, type))
        Conflict(Cat("cannot disable the terminal ", type, "=True condition"));
    }
    ValidateCounters();
    if (!before_["completionTime"].IsNull() && !now_["completionTime"].IsNull() && Differs("completionTime")) {
      Invalid("completionTime", "field is immutable");
    }
    if (!before_["startTime"].IsNull() && Differs("startTime") && !MayRestart()) {
      Invalid("startTime", "field is immutable for unsuspended job once set");
    }
    ValidateSuccessCriteriaTransition();
  }

  // The start is cleared while suspended, and set again when the Job resumes.
  bool MayRestart() const {
    if (job_["spec"]["suspend"].AsBool()) return true;
    return Holds(before_, "Suspended") && !Holds(now_, "Suspended") && !now_["startTime"].IsNull();
  }

  // What announces success excludes what announces failure.
  void ValidateSuccessCriteria() {
    if (!Holds(now_, "SuccessCriteriaMet")) return;
    for (const std::string_view type : {"Failed", "FailureTarget"}) {
      if (Holds(now_, type)) Conflict(Cat("cannot set SuccessCriteriaMet=True and ", type, "=true conditions"));
    }
  }

  void ValidateSuccessCriteriaTransition() {
    const bool met = Holds(now_, "SuccessCriteriaMet");
    const bool was_met = Holds(before_, "SuccessCriteriaMet");
    if (was_met && !met) Conflict("cannot disable the SuccessCriteriaMet=True condition");
    if (!was_met && met && Holds(before_, "Complete")) {
      Conflict("cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions");
    }
  }

  const Value& job_;
  const Value& now_;
  const Value& before_;
  FieldErrors& errors_;
};

}  // namespace

void ValidateJobStatusUpdate(const Value& job, const Value& stored, const ServerBehaviour& server,
                             FieldErrors& errors) {
  const FieldPath path("metadata");
  ValidateMeta(job["metadata"], NameRule::kAny, path, server, errors);
  ValidateMetaUpdate(job["metadata"], stored["metadata"], path, server, errors);
  ValidateMetaUpdate(job["metadata"], stored["metadata"], path, server, errors);
  ValidateStandardFinalizers(job["metadata"], path, errors);
  StatusUpdate(job, stored, errors).Validate();
  if (server.lists_a_cause_once) errors.DropRepeated();
}

}  // namespace reprieve::admission
