#include "store/pod_table.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace reprieve::store {
namespace {

std::unique_ptr<core::Pod> Named(std::string_view name_space, std::string_view name) {
  auto pod = std::make_unique<core::Pod>();
  pod->metadata.namespace_ = name_space;
  pod->metadata.name = name;
  return pod;
}

TEST(PodTable, FindsByNameWithinItsNamespace) {
  PodTable table;
  const core::Pod& a = table.Insert(Named("one", "p"));
  const core::Pod& b = table.Insert(Named("two", "p"));
  EXPECT_EQ(table.Find("one", "p"), &a);
  EXPECT_EQ(table.Find("two", "p"), &b);
  EXPECT_EQ(table.Find("one", "q"), nullptr);
  EXPECT_EQ(table.Find("three", "p"), nullptr);
  EXPECT_EQ(table.At(b.slot), &b);
  EXPECT_EQ(table.size(), 2U);
}

TEST(PodTable, ASlotIsUsedAgainOnceItIsFree) {
  PodTable table;
  const core::Pod& first = table.Insert(Named("ns", "first"));
  const Slot slot = first.slot;
  const std::unique_ptr<core::Pod> removed = table.Remove(first);
  EXPECT_EQ(table.Find("ns", "first"), nullptr);
  EXPECT_EQ(table.At(slot), nullptr);
  EXPECT_NE(table.Insert(Named("ns", "second")).slot, slot) << "watchers may still keep something beside the first";
  table.FreeSlotOf(*removed);
  EXPECT_EQ(table.Insert(Named("ns", "third")).slot, slot);
}

TEST(PodTable, ListsByNamespaceAndName) {
  PodTable table;
  for (const std::string_view name : {"c", "a", "b"}) table.Insert(Named("ns", name));
  table.Insert(Named("aa", "z"));
  std::string names;
  for (const core::Pod* pod : table.All()) AppendTo(names, pod->metadata.name, " ");
  EXPECT_EQ(names, "z a b c ");
}

TEST(PodTable, FindsEachOfMany) {
  PodTable table;
  for (std::int32_t i = 0; i < 10'000; ++i) table.Insert(Named("ns", Cat("p-", i)));
  for (std::int32_t i = 0; i < 10'000; i += 2) table.Remove(*table.Find("ns", Cat("p-", i)));
  for (std::int32_t i = 0; i < 10'000; ++i) {
    EXPECT_EQ(table.Find("ns", Cat("p-", i)) != nullptr, i % 2 == 1) << i;
  }
}

}  // namespace
}  // namespace reprieve::store
