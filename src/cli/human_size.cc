#include "cli/human_size.h"

#include <iterator>

#include "base/text.h"

namespace reprieve::cli {

std::string HumanSize(std::int64_t bytes) {
  constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  constexpr std::int64_t kStep = 1024;
  if (bytes < kStep) return Cat(bytes, " B");
  std::size_t unit = 0;
  std::int64_t whole = bytes;
  // The last step keeps its remainder for one digit after the point.
  while (whole >= kStep * kStep && unit + 1 < std::size(kUnits)) {
    whole /= kStep;
    ++unit;
  }
  return Cat(whole / kStep, ".", whole % kStep * 10 / kStep, " ", kUnits[unit]);
}

}  // namespace reprieve::cli
