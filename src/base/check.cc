#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace reprieve {

void CheckFailed(const char* condition, const char* file, int line, std::string_view message) {
  std::fprintf(stderr, "reprieve: internal error at %s:%d: %.*s (%s)\n", file, line, static_cast<int>(message.size()),
               message.data(), condition);
  std::abort();
}

}  // namespace reprieve
