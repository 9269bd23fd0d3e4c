#include "net/url.h"

#include <gtest/gtest.h>

namespace reprieve::net {
namespace {

TEST(Url, HasItsParts) {
  const Url url = *ParseUrl("https://user:p%40ss@[fd00::1]:6443/k8s/clusters/c-1/");
  EXPECT_TRUE(url.tls);
  EXPECT_EQ(url.user, "user:p@ss");
  EXPECT_EQ(url.host, "fd00::1");
  EXPECT_EQ(url.port, 6443);
  EXPECT_EQ(url.path, "/k8s/clusters/c-1");
  EXPECT_EQ(url.Authority(), "[fd00::1]:6443");
}

TEST(Url, KnowsTheUsualPorts) {
  EXPECT_EQ(ParseUrl("https://a")->port, 443);
  EXPECT_EQ(ParseUrl("http://a/")->port, 80);
  EXPECT_EQ(ParseUrl("a:8080", "http")->port, 8080);
}

TEST(Url, WhatIsNoneIsRefusedWithoutTheUser) {
  for (const char* bad : {"", "host", "ftp://u:secret@host", "https://", "https://u:secret@:80", "https://a:0",
                          "https://a:65536", "https://a:x", "https://[::1", "https://a b"}) {
    const auto url = ParseUrl(bad);
    ASSERT_FALSE(url.ok()) << bad;
    EXPECT_EQ(url.error().message.find("secret"), std::string::npos) << url.error().message;
  }
}

TEST(Percent, EncodesAllButTheUnreserved) {
  EXPECT_EQ(PercentEncode("a=b&c d/é~"), "a%3Db%26c%20d%2F%C3%A9~");
  EXPECT_EQ(PercentDecode("a%3Db%2"), "a=b%2");
}

}  // namespace
}  // namespace reprieve::net
