#include "kubelet/http_get.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace reprieve::kubelet {
namespace {

using State = HttpAnswer::State;

HttpGet Get(std::string path) {
  return {"127.0.0.1", 8080, std::move(path), {}, false};
}

core::HttpHeader Header(std::string name, std::string value) {
  core::HttpHeader out;
  out.name = std::move(name);
  out.value = std::move(value);
  return out;
}

TEST(HttpGet, ARequestNamesItsHostAndAsksForOneAnswer) {
  EXPECT_EQ(Get("/healthz?full=1").Request(),
            "GET /healthz?full=1 HTTP/1.1\r\n"
            "Host: 127.0.0.1:8080\r\n"
            "User-Agent: kube-probe/1.37 (reprieve)\r\n"
            "Accept: */*\r\n"
            "Connection: close\r\n\r\n");
  EXPECT_EQ((HttpGet{"::1", 80, "", {}, false}.Url()), "http://[::1]:80/");
}

TEST(HttpGet, HeadersOfTheProbeGoBeforeOurOwnAndCannotBreakTheRequest) {
  HttpGet get = Get("/a b\r\nX: y");
  get.headers = {Header("Host", "example.org"), Header("Accept", ""), Header("user-agent", "me"),
                 Header("X-A", "1\r\nX-B: 2")};
  EXPECT_EQ(get.Request(),
            "GET /a%20b%0D%0AX:%20y HTTP/1.1\r\n"
            "Host: example.org\r\n"
            "user-agent: me\r\n"
            "X-A: 1  X-B: 2\r\n"
            "Connection: close\r\n\r\n");
}

TEST(HttpGet, RedirectsAreFollowedOnTheSameHostOnly) {
  const struct {
    std::string_view location;
    std::string_view url;  // empty: not followed
  } cases[] = {
      {"/ready", "http://127.0.0.1:8080/ready"},
      {"b", "http://127.0.0.1:8080/x/b"},
      {"?again", "http://127.0.0.1:8080/x/a?again"},
      {"http://127.0.0.1:9090/z", "http://127.0.0.1:9090/z"},
      {"http://localhost:8080/z", "http://127.0.0.1:8080/z"},
      {"HTTP://127.0.0.1/z", "http://127.0.0.1:80/z"},
      {"//127.0.0.1:8081", "http://127.0.0.1:8081/"},
      {"http://example.org/z", ""},
      {"https://127.0.0.1/z", "https://127.0.0.1:443/z"},
      {"HTTPS://127.0.0.1:8443/z", "https://127.0.0.1:8443/z"},
      {"ftp://127.0.0.1/z", ""},
      {"http://127.0.0.1:x/", ""},
      {"http://127.0.0.1:70000/", ""},
      {"http://[::1]:80/", ""},
      {"/at?url=http://example.org", "http://127.0.0.1:8080/at?url=http://example.org"},
  };
  for (const auto& c : cases) {
    const auto next = Get("/x/a?b").Redirected(c.location);
    EXPECT_EQ(next ? next->Url() : "", c.url) << c.location;
  }
  HttpGet secret = Get("/");
  secret.tls = true;
  EXPECT_EQ(secret.Redirected("/b")->Url(), "https://127.0.0.1:8080/b");
  EXPECT_EQ(secret.Redirected("http://127.0.0.1/b")->Url(), "http://127.0.0.1:80/b");
}

// The state after each byte is kReading until the last one.
std::string InPieces(std::string_view text) {
  HttpAnswer answer;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const State state = answer.Read(text.substr(i, 1));
    if (state == State::kReading) continue;
    return Cat(state == State::kBroken ? "broken" : Cat(answer.status()), " after ", text.size() - 1 - i);
  }
  return Cat(answer.End() == State::kBroken ? "broken" : Cat(answer.status()), " at the end");
}

TEST(HttpAnswer, EndsWhereItsLengthItsLastChunkOrItsConnectionEnds) {
  EXPECT_EQ(InPieces("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), "200 after 0");
  EXPECT_EQ(InPieces("HTTP/1.0 503 Not yet\r\nContent-length:0\r\n\r\n"), "503 after 0");
  EXPECT_EQ(InPieces("HTTP/1.1 200\r\n\r\n"), "200 at the end");
  EXPECT_EQ(InPieces("HTTP/1.1 200 OK\r\n\r\nsome text"), "200 at the end");
  EXPECT_EQ(InPieces("HTTP/1.1 204 No Content\r\n\r\n"), "204 after 0");
  EXPECT_EQ(InPieces("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"), "200 after 0");
  EXPECT_EQ(InPieces("HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\nHTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n"),
            "404 after 0");
}

TEST(HttpAnswer, WhatIsNoAnswerIsBroken) {
  EXPECT_EQ(InPieces(""), "broken at the end");
  EXPECT_EQ(InPieces("SSH-2.0-OpenSSH\r\n\r\n"), "broken after 0");
  EXPECT_EQ(InPieces("HTTP/1.1 abc\r\n\r\n"), "broken after 0");
  EXPECT_EQ(InPieces("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nshort"), "broken at the end");
  EXPECT_EQ(HttpAnswer().Read(std::string(70'000, 'x')), State::kBroken);
}

TEST(HttpAnswer, ALongBodyIsNotReadToItsEnd) {
  HttpAnswer answer;
  EXPECT_EQ(answer.Read("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"), State::kReading);
  EXPECT_EQ(answer.Read(std::string(10'240, 'x')), State::kComplete);
}

TEST(HttpAnswer, ARedirectHasALocation) {
  HttpAnswer answer;
  answer.Read("HTTP/1.1 302 Found\r\nLocation:  /there \r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(answer.IsRedirect());
  EXPECT_EQ(answer.location(), "/there");
  HttpAnswer elsewhere;
  elsewhere.Read("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n");
  EXPECT_FALSE(elsewhere.IsRedirect());
}

}  // namespace
}  // namespace reprieve::kubelet
