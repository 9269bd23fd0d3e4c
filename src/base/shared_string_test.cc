#include "base/shared_string.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace reprieve {
namespace {

TEST(SharedString, IsReadAsAnyText) {
  const SharedString made = std::string("exit 42");
  const SharedString literal = "exit 42"_shared;
  EXPECT_EQ(made, "exit 42");
  EXPECT_EQ(made, literal);
  EXPECT_EQ(std::hash<SharedString>()(made), std::hash<SharedString>()(literal));
  EXPECT_LT(SharedString("a"), SharedString("b"));
  EXPECT_LT(SharedString("a"), "ab");
  EXPECT_EQ(made.size(), 7U);
  EXPECT_EQ(made.str(), "exit 42");
}

TEST(SharedString, NothingIsEmpty) {
  EXPECT_TRUE(SharedString().empty());
  EXPECT_TRUE(SharedString("").empty());
  EXPECT_EQ(SharedString(), "");
  EXPECT_EQ(SharedString::Join({"", ""}), SharedString());
}

TEST(SharedString, CopiesAreTheSameTextUntilTheLastIsGone) {
  SharedString first = std::string(100, 'x');
  const char* text = first.view().data();
  SharedString second = first;
  first = "other";
  EXPECT_EQ(second.view().data(), text);
  EXPECT_EQ(second.size(), 100U);
  SharedString& itself = second;
  second = itself;
  EXPECT_EQ(second.size(), 100U);
  const SharedString moved = std::move(second);
  EXPECT_EQ(moved.view().data(), text);
}

TEST(SharedString, JoinPutsThePiecesOneAfterAnother) {
  EXPECT_EQ(SharedString::Join({"train-", "", "3", "-x2x4z"}), "train-3-x2x4z");
}

TEST(SharedString, CopiesAreMadeAndDestroyedOnManyThreads) {
  const SharedString text = std::string(50, 'y');
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&text] {
      for (int i = 0; i < 1000; ++i) {
        SharedString copy = text;
        EXPECT_EQ(copy.size(), 50U);
        copy = "another";
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(text.size(), 50U);
}

}  // namespace
}  // namespace reprieve
