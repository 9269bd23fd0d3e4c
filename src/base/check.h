// Assertions that stay on in release builds: for what can only be our own mistake, never for input or the world.
#pragma once

#include <string_view>

namespace reprieve {

// Prints the condition, place and message to standard error and aborts.
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line, std::string_view message);

}  // namespace reprieve

// REPRIEVE_CHECK(condition, message): aborts with both unless the condition holds. Never compiled out.
#define REPRIEVE_CHECK(condition, message)                                \
  do {                                                                    \
    if (!(condition)) [[unlikely]] {                                      \
      ::reprieve::CheckFailed(#condition, __FILE__, __LINE__, (message)); \
    }                                                                     \
  } while (false)
