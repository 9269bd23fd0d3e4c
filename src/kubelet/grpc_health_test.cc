#include "kubelet/grpc_health.h"

#include <gtest/gtest.h>

namespace reprieve::kubelet {
namespace {

using State = GrpcHealthAnswer::State;
using namespace std::string_literals;

std::string Frame(int type, int flags, const std::string& payload) {
  std::string out = {'\0', '\0', static_cast<char>(payload.size()), static_cast<char>(type), static_cast<char>(flags)};
  return out + "\0\0\0\1"s + payload;
}

std::string StatusMessage(int status) {
  return "\0\0\0\0\2\x08"s + static_cast<char>(status);
}

class GrpcHealth : public testing::Test {
 protected:
  State Read(const std::string& bytes) { return answer.Read(bytes, reply); }
  GrpcHealthAnswer answer;
  std::string reply;
};

TEST_F(GrpcHealth, ServingIsSuccess) {
  EXPECT_EQ(Read(Frame(4, 0, "")), State::kReading);
  EXPECT_EQ(Read(Frame(1, 4, "\x88")), State::kReading);
  EXPECT_EQ(Read(Frame(0, 0, StatusMessage(1))), State::kComplete);
  EXPECT_TRUE(answer.serving());
  EXPECT_EQ(answer.Text(), "SERVING");
}

TEST_F(GrpcHealth, AnyOtherStatusIsNot) {
  EXPECT_EQ(Read(Frame(0, 0, StatusMessage(2))), State::kComplete);
  EXPECT_FALSE(answer.serving());
  EXPECT_EQ(answer.Text(), "NOT_SERVING");
}

TEST_F(GrpcHealth, AnEmptyMessageIsTheStatusThatIsNotSent) {
  EXPECT_EQ(Read(Frame(0, 0, "\0\0\0\0\0"s)), State::kComplete);
  EXPECT_EQ(answer.Text(), "UNKNOWN");
}

TEST_F(GrpcHealth, TrailersAloneAreAFailedCall) {
  EXPECT_EQ(Read(Frame(1, 5, "\x88")), State::kComplete);
  EXPECT_FALSE(answer.serving());
}

TEST_F(GrpcHealth, BytesMayComeOneByOne) {
  const std::string all = Frame(4, 0, "") + Frame(1, 4, "x") + Frame(0, 8, "\2"s + StatusMessage(1) + "\0\0"s);
  State state = State::kReading;
  for (const char c : all) {
    ASSERT_EQ(state, State::kReading);
    state = Read(std::string(1, c));
  }
  EXPECT_EQ(state, State::kComplete);
  EXPECT_TRUE(answer.serving());
}

TEST_F(GrpcHealth, SettingsAndPingsAreAcknowledged) {
  Read(Frame(4, 0, "") + Frame(6, 0, "12345678") + Frame(6, 1, "87654321"));
  EXPECT_EQ(reply, "\0\0\0\4\1\0\0\0\0"s + "\0\0\x08\6\1\0\0\0\0"s + "12345678");
}

TEST_F(GrpcHealth, WhatIsNoHttp2IsBroken) {
  EXPECT_EQ(Read("HTTP/1.1 400 Bad Request\r\n\r\n"), State::kBroken);
  GrpcHealthAnswer other;
  EXPECT_EQ(other.Read(Frame(0, 0, "\1\0\0\0\2\x08\1"s), reply), State::kBroken);
}

TEST(GrpcHealthRequestTest, NamesItsService) {
  EXPECT_NE(GrpcHealthRequest("1.2.3.4:50", "db").find("\0\0\0\0\4\x0a\2db"s), std::string::npos);
  EXPECT_TRUE(GrpcHealthRequest("h:1", "").ends_with("\0\0\0\0\0"s));
  EXPECT_TRUE(GrpcHealthRequest("h:1", std::string(300, 'x')).ends_with(std::string(300, 'x')));
}

}  // namespace
}  // namespace reprieve::kubelet
