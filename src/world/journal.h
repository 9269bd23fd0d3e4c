// The journal of a run: what happened, as JSON objects, one a line, each with its type and time.
//
// docs/JOURNAL.md documents the lines. Here they are made and read; node/journal_file.h keeps them in a file. No line
// holds a pod's template, and so none of its environment. Pure; safe from any thread.
#pragma once

#include <string_view>

#include "document/value.h"
#include "model/jobset.h"
#include "world/verdict.h"

namespace reprieve::world {

inline constexpr std::int32_t kJournalFormat = 1;

// The first line of a file. `continues`: an earlier part of the run's journal was full.
document::Value RunRecord(Time now, std::string_view version, bool continues);
// A Job or JobSet as it was then, without its templates, and where its rules stand in the user's file.
document::Value ObjectRecord(Time now, const batch::Job& job);
document::Value ObjectRecord(Time now, const jobset::JobSet& jobset);
// A pod that has failed, without its spec and its finalizers.
document::Value ObjectRecord(Time now, const core::Pod& pod);
// Its status since then.
document::Value StatusRecord(Time now, const batch::Job& job);
document::Value StatusRecord(Time now, const jobset::JobSet& jobset);
// It is gone.
document::Value DeletedRecord(Time now, std::string_view kind, const meta::ObjectMeta& metadata);
document::Value VerdictRecord(const Verdict& verdict);
// The last line of a run that was not killed. `how`: completed, failed or interrupted.
document::Value EndRecord(Time now, std::string_view how);

// Gives an object of an ObjectRecord the places of its rules again.
void TakeRuleLines(const document::Value& record, batch::Job& job);
void TakeRuleLines(const document::Value& record, jobset::JobSet& jobset);
// What ToValue has written.
void FromValue(const document::Value& value, Verdict& out);

}  // namespace reprieve::world
