#include "runtime/file_limit.h"

namespace reprieve::runtime {

const rlimit& RaiseFileLimit() {
  static const rlimit before = [] {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    rlimit raised = limit;
    raised.rlim_cur = raised.rlim_max;
    setrlimit(RLIMIT_NOFILE, &raised);
    return limit;
  }();
  return before;
}

}  // namespace reprieve::runtime
