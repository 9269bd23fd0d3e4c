// Shared by the benchmarks of real processes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/supervisor.h"

namespace reprieve::bench {

// Seconds of a monotonic clock.
double Now();
// The program `reprieve` that was built beside this one.
std::string ReprieveBeside(const std::string& self);
// Seconds of processor time of the child processes that have ended.
double ChildrenTime();
double Median(std::vector<double> values);
// Two rates, of ours and of what it is compared with.
struct Rates {
  double ours = 0;
  double others = 0;
};
// Measures them in turns, as the speed of a machine changes within minutes: the pair of whose ratios is the median.
Rates InTurns(const std::function<double()>& ours, const std::function<double()>& others);
// Runs a shell command and returns its exit code; -1 if it did not exit.
int Shell(const std::string& command);

// The runtime alone, with its state below `directory`. Aborts if it can't run here.
std::unique_ptr<runtime::Supervisor> StartBareRuntime(std::string directory, runtime::RuntimeEvents events);

// A temporary directory that is removed with the scope.
class Scratch {
 public:
  Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch();
  std::string operator/(std::string_view name) const;

 private:
  std::string path_;
};

}  // namespace reprieve::bench
