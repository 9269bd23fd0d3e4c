// Standard output whose loss is noticed: each error of a write is kept, which the C library's buffers forget.
//
// Thread rules: any thread.
#pragma once

namespace reprieve::cli {

// From now on what goes to `stdout` passes through here. Once, before anything is printed.
void WatchStandardOutput();

// The first error of a write to it; 0 if there was none. EPIPE: its reader has gone.
int StandardOutputError();

// If there was an error, other than that the reader has gone, says so on standard error, the first time it is called.
void TellLostOutput();

// Ends this process as if SIGPIPE had killed it.
[[noreturn]] void DieOfSigpipe();

}  // namespace reprieve::cli
