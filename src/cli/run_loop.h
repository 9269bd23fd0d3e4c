// The run itself: Jobs and JobSets are created, and followed until all have ended or nobody wants them any more.
//
// One owner, the engine's thread; Ctrl-C, the loss of the reader and the clock of a terminal wake it.
#pragma once

#include <cstdint>
#include <vector>

#include "cli/reader_watch.h"
#include "cli/run_setup.h"
#include "model/meta.h"

namespace reprieve::cli {

// kReader: nobody reads standard output any more; kNoImage: an image did not come in time (--pull-timeout).
enum class EndedBy : std::uint8_t { kItself, kInterrupt, kReader, kNoImage };

class RunLoop {
 public:
  // REQUIRES: it has started. Both must outlive the loop.
  RunLoop(RunSetup& setup, const ReaderWatch& reader) : setup_(setup), reader_(reader) {}

  // Creates what the manifests hold, and returns when all of it has ended, or when it is to end early.
  void Run();
  EndedBy ended_by() const { return ended_by_; }
  // Ends all pods: within their grace periods, or at once when Ctrl-C is pressed (again).
  void EndEarly();

 private:
  void CreateObjects();
  bool AllFinished() const;
  // How many pods run, and the longest of their grace periods, told to whoever waits.
  Nanoseconds TellEnding() const;

  RunSetup& setup_;
  const ReaderWatch& reader_;
  std::vector<meta::ObjectKey> jobs_;
  std::vector<meta::ObjectKey> jobsets_;
  std::vector<meta::ObjectKey> pods_;
  EndedBy ended_by_ = EndedBy::kItself;
};

}  // namespace reprieve::cli
