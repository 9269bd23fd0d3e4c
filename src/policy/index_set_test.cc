#include "policy/index_set.h"

#include <gtest/gtest.h>

#include <set>

#include "base/random.h"

namespace reprieve::policy {
namespace {

void ExpectSame(const IndexSet& set, const std::set<CompletionIndex>& model, CompletionIndex upto) {
  ASSERT_EQ(set.size(), static_cast<std::int64_t>(model.size()));
  IndexSet rebuilt;
  for (const CompletionIndex index : model) rebuilt.Insert(index);
  ASSERT_EQ(set, rebuilt) << set.ToText() << " and " << rebuilt.ToText();
  CompletionIndex missing = upto;
  for (CompletionIndex index = upto - 1; index >= 0; --index) {
    ASSERT_EQ(set.Contains(index), model.contains(index)) << index;
    if (!model.contains(index)) missing = index;
    if (missing < upto) {
      ASSERT_EQ(set.FirstMissing(index), missing) << index;
    }
  }
}

// Random insertions and erasures, compared with std::set; few indexes, so that runs keep merging and splitting.
TEST(IndexSet, IsASet) {
  constexpr CompletionIndex kUpto = 40;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Random random(seed);
    IndexSet set;
    std::set<CompletionIndex> model;
    for (int step = 0; step < 300; ++step) {
      const auto index = static_cast<CompletionIndex>(random.Below(kUpto));
      if (random.OneIn(2)) {
        ASSERT_EQ(set.Insert(index), model.insert(index).second);
      } else {
        ASSERT_EQ(set.Erase(index), model.erase(index) == 1);
      }
      ExpectSame(set, model, kUpto);
      ASSERT_EQ(IndexSet::ParseLenient(set.ToText(), kUpto), set);
    }
  }
}

}  // namespace
}  // namespace reprieve::policy
