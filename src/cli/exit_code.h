// What every verb tells its caller when it ends; docs/USE.md has the table.
#pragma once

namespace reprieve::cli {

inline constexpr int kCompleted = 0;
inline constexpr int kFailed = 1;         // a Job failed
inline constexpr int kBadInput = 2;       // manifests or flags; nothing was started
inline constexpr int kCannotRun = 3;      // not on this machine, or not here
inline constexpr int kInterrupted = 130;  // by Ctrl-C, as shells have it
inline constexpr int kReaderGone = 141;   // nobody reads standard output any more: by SIGPIPE, as shells have it

}  // namespace reprieve::cli
