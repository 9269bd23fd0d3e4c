// Loading for `explain`: from files to objects, or to the one error that says where they stop being readable.
//
// A dump may hold Secrets: no line of it is ever shown.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/diagnostic.h"
#include "node/journal_file.h"
#include "report/objects.h"

namespace reprieve::cli {

struct LoadedObjects {
  report::Objects objects;
  std::optional<Diagnostic> error;  // without its source's text
};

[[nodiscard]] LoadedObjects LoadObjects(const std::vector<std::string>& paths);

struct LoadedJournal {
  report::Objects objects;
  std::vector<std::string> notes;  // which run it is, where there are several
};

[[nodiscard]] Result<report::Objects> LoadJournal(const node::JournalEntry& journal);
// Of a run in a state folder: the one of that name, or the newest. An error: there is none, or it can't be read.
[[nodiscard]] Result<LoadedJournal> LoadJournal(const std::string& state, const std::string& run);

// Rules are said to stand in this manifest; returns notes. An error: it can't be read, or is about none of the objects.
[[nodiscard]] Result<std::vector<std::string>> UseManifest(const std::string& path, report::Objects& objects);

}  // namespace reprieve::cli
