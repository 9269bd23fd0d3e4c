// The lenient reader takes anything, and its canonical text reads back as the same set.
#include <cstdlib>

#include "policy/index_set.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using reprieve::policy::IndexSet;
  if (size < 2) return 0;
  const std::int64_t completions = data[0] * 256 + data[1];
  const IndexSet set = IndexSet::ParseLenient({reinterpret_cast<const char*>(data) + 2, size - 2}, completions);
  if (!(IndexSet::ParseLenient(set.ToText(), completions) == set)) std::abort();
  if (set.size() > completions) std::abort();
  for (const auto& [first, last] : set.runs()) {
    if (first > last || last >= completions || set.FirstMissing(first) != last + 1) std::abort();
  }
  return 0;
}
