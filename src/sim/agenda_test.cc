#include "sim/agenda.h"

#include <gtest/gtest.h>

#include <string>

namespace reprieve::sim {
namespace {

Time At(std::int64_t seconds) {
  return Time(Seconds(seconds));
}

TEST(Agenda, OfEqualTimesTheOneNotedFirstComesFirst) {
  Agenda agenda;
  std::string done;
  for (const char name : {'a', 'b', 'c'}) agenda.At(At(5), [&done, name] { done += name; });
  agenda.At(At(3), [&done] { done += '0'; });
  agenda.At(At(5), [&done] { done += 'd'; });
  EXPECT_EQ(agenda.NextDue(), At(3));
  while (agenda.DoOne(At(5))) {
  }
  EXPECT_EQ(done, "0abcd");
  EXPECT_EQ(agenda.NextDue(), std::nullopt);
}

TEST(Agenda, WhatIsNotDueWaits) {
  Agenda agenda;
  int done = 0;
  agenda.At(At(5), [&done] { ++done; });
  EXPECT_FALSE(agenda.DoOne(At(4)));
  EXPECT_EQ(done, 0);
  EXPECT_TRUE(agenda.DoOne(At(6)));
  EXPECT_EQ(done, 1);
}

// An action that notes more for the same time, even as the last one of it, and for the time that was noted last.
TEST(Agenda, ActionsNoteActions) {
  Agenda agenda;
  std::string done;
  agenda.At(At(1), [&] {
    done += 'a';
    agenda.At(At(1), [&] {
      done += 'b';
      for (int i = 0; i < 200; ++i) agenda.At(At(1), [&done] { done += '.'; });
      agenda.At(At(2), [&done] { done += 'c'; });
    });
  });
  while (agenda.DoOne(At(1))) {
  }
  EXPECT_EQ(done, "ab" + std::string(200, '.'));
  EXPECT_EQ(agenda.NextDue(), At(2));
  agenda.At(At(1), [&done] { done += '!'; });  // a time that has had its list before
  EXPECT_TRUE(agenda.DoOne(At(2)));
  EXPECT_TRUE(agenda.DoOne(At(2)));
  EXPECT_EQ(done.substr(done.size() - 2), "!c");
  EXPECT_FALSE(agenda.DoOne(At(9)));
}

}  // namespace
}  // namespace reprieve::sim
