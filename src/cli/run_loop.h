// The run itself: Jobs and JobSets are created, and followed until all have ended or the user wants no more.
//
// One owner, the engine's thread; Ctrl-C and the clock of a terminal wake it.
#pragma once

#include <vector>

#include "cli/run_setup.h"
#include "model/meta.h"

namespace reprieve::cli {

class RunLoop {
 public:
  // REQUIRES: it has started. It must outlive the loop.
  explicit RunLoop(RunSetup& setup) : setup_(setup) {}

  // Creates what the manifests hold, and returns when all of it has ended or Ctrl-C was pressed.
  void Run();
  // True: Ctrl-C came before the end. Pods may run on.
  bool interrupted() const { return interrupted_; }
  // Ends all pods: within their grace periods, or at once when Ctrl-C is pressed again.
  void EndEarly();

 private:
  void CreateObjects();
  bool AllFinished() const;

  RunSetup& setup_;
  std::vector<meta::ObjectKey> jobs_;
  std::vector<meta::ObjectKey> jobsets_;
  bool interrupted_ = false;
};

}  // namespace reprieve::cli
