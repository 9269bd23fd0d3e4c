#include "model/meta.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "base/text.h"

namespace reprieve::meta {
namespace {

SharedVector<Labels::Entry> Base(std::size_t count) {
  Labels::Entries entries;
  for (std::size_t i = 0; i < count; ++i) entries.emplace_back(Cat("key-", 10 + i), "shared");
  return entries;
}

// Sharing is nothing that a reader of labels could see. Of few entries and of many.
TEST(Labels, BehaveAsAMap) {
  for (const std::size_t shared : {0, 1, 5, 40}) {
    Random random(shared);
    const auto base = Base(shared);
    Labels labels(base);
    std::map<std::string, std::string> model(base.begin(), base.end());
    for (int step = 0; step < 400; ++step) {
      const std::string key = Cat("key-", 10 + random.Below(50));
      const std::uint32_t stamp = labels.stamp();
      if (random.OneIn(8)) {
        ASSERT_EQ(labels.Remove(key), model.erase(key) == 1);
      } else if (random.OneIn(2)) {
        labels.Set(key, Cat(step));
        model[key] = Cat(step);
        ASSERT_NE(labels.stamp(), stamp);
      }
      const SharedString* found = labels.Find(key);
      ASSERT_EQ(found != nullptr, model.contains(key));
      if (found != nullptr) {
        ASSERT_EQ(*found, model[key]);
      }
      ASSERT_EQ(labels.All(), Labels::Entries(model.begin(), model.end()));
      ASSERT_EQ(labels.Share(), SharedVector<Labels::Entry>(labels.All()));
    }
    EXPECT_EQ(base, Base(shared)) << "what is shared stays as it is";
  }
}

TEST(Labels, OneValueOfItsOwn) {
  const auto base = Base(3);
  const Labels labels(base, 1, "mine");
  EXPECT_EQ(*labels.Find("key-10"), "shared");
  EXPECT_EQ(*labels.Find("key-11"), "mine");
  EXPECT_EQ(labels.All()[1].second, "mine");
  EXPECT_NE(labels, Labels(base));
}

// Whatever it keeps of its text: a part of the name that follows it, or all.
TEST(NameBeginning, ReadsAsItsText) {
  for (const std::string_view text : {"", "train-0-", "train-0", "train", "other-"}) {
    const SharedString name = "train-0-x7k2p";
    NameBeginning beginning{SharedString(text)};
    EXPECT_EQ(beginning.In(name), text);
    beginning.TakeFrom(name);
    EXPECT_EQ(beginning.In(name), text);
    EXPECT_EQ(beginning.empty(), text.empty());
  }
}

}  // namespace
}  // namespace reprieve::meta
