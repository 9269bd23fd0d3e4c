// Any text is a quantity, a duration, an amount of a resource, or none of them; no arithmetic on the way overflows.
#include <cstdlib>

#include "base/time.h"
#include "model/quantity.h"
#include "scheduler/resources.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace reprieve;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto duration = ParseDuration(text)) static_cast<void>(HumanDuration(*duration));
  const auto quantity = model::Quantity::Parse(text);
  if (!quantity.ok()) return 0;
  const auto again = model::Quantity::Parse(quantity->CanonicalText());
  if (!again.ok()) std::abort();
  // Beyond that upstream leaves out powers of ten that have no suffix.
  constexpr std::int64_t kFar = 1'000'000'000'000'000;
  const bool has_suffix = quantity->Value() > -kFar && quantity->Value() < kFar;
  if (has_suffix && again->CanonicalText() != quantity->CanonicalText()) std::abort();
  for (const std::string_view resource : {scheduler::kCpu, scheduler::kMemory}) {
    // Rounded up, and the most that there is where it is more than that: never turned round into nothing or less.
    if (quantity->Sign() > 0 && scheduler::Amount(resource, text) <= 0) std::abort();
  }
  return 0;
}
