// What old runs have left in a state folder, and its removal (`reprieve clean`).
//
//   DIR/logs/NAMESPACE_POD/CONTAINER/ATTEMPT.log[.N]   kept after a run, for people
//   DIR/volumes/ENGINE/                                removed by the run itself, unless it was killed
//   DIR/journal/RUN.jsonl[.1]                          kept after a run, for `reprieve explain`
//   DIR/claims/NAMESPACE/CLAIM/                        data of users: never touched here
//
// What a living run holds is never touched: not the folder of an engine that lives, and no log that was written since
// the first of them began. Nothing is removed but what looks exactly as above, and no link is followed below DIR.
// Thread rules: any thread; other engines may run beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace reprieve::node {

struct CleanupOptions {
  std::string state_directory;
  Time now;
  // By the newest file in a folder.
  Nanoseconds older_than{0};
  bool dry_run = false;
};

// Or a file, where it is part of a journal.
struct CleanedFolder {
  enum class Kind : std::uint8_t { kLogs, kVolumes, kJournal };
  Kind kind = Kind::kLogs;
  std::string path;
  std::int64_t bytes = 0;  // of disk
  Nanoseconds age{0};
  std::string error;  // why it could not be removed; empty: it is gone, or would be
};

struct Cleanup {
  std::vector<CleanedFolder> folders;  // by path
  std::size_t living_runs = 0;
  std::size_t younger = 0;            // folders that are not old enough
  std::vector<std::string> left_out;  // paths that are not what they should be, and so stay
};

Cleanup CleanStateFolder(const CleanupOptions& options);

}  // namespace reprieve::node
