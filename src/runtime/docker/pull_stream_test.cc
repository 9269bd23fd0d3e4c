#include "runtime/docker/pull_stream.h"

#include <gtest/gtest.h>

namespace reprieve::runtime::docker {
namespace {

// As Docker 20.10 says it.
constexpr std::string_view kDocker =
    R"({"status":"Pulling from team/app","id":"v1"})"
    "\r\n"
    R"({"status":"Already exists","progressDetail":{},"id":"a"})"
    "\r\n"
    R"({"status":"Pulling fs layer","progressDetail":{},"id":"b"})"
    "\r\n"
    R"({"status":"Downloading","progressDetail":{"current":400,"total":1000},"progress":"[==> ]","id":"b"})"
    "\r\n"
    R"({"status":"Downloading","progressDetail":{"current":100,"total":200},"progress":"[==> ]","id":"c"})"
    "\r\n";

TEST(PullStream, CountsTheBytesOfAllLayers) {
  PullStream stream;
  stream.Put(kDocker);
  EXPECT_EQ(stream.progress(), (PullProgress{500, 1200}));
  EXPECT_EQ(stream.error(), "");
}

TEST(PullStream, TakesPiecesOfAnySize) {
  PullStream stream;
  for (const char c : kDocker) stream.Put({&c, 1});
  EXPECT_EQ(stream.progress(), (PullProgress{500, 1200}));
}

TEST(PullStream, UnpackingALayerDoesNotCountItAgain) {
  PullStream stream;
  stream.Put(kDocker);
  stream.Put("{\"status\":\"Download complete\",\"progressDetail\":{},\"id\":\"b\"}\n");
  EXPECT_EQ(stream.progress(), (PullProgress{1100, 1200}));
  stream.Put("{\"status\":\"Extracting\",\"progressDetail\":{\"current\":10,\"total\":1000},\"id\":\"b\"}\n");
  EXPECT_EQ(stream.progress(), (PullProgress{1100, 1200}));
}

TEST(PullStream, AnErrorComesInTheMiddleOfWhatSucceeds) {
  PullStream stream;
  stream.Put(kDocker);
  stream.Put("{\"errorDetail\":{\"message\":\"unexpected EOF\"},\"error\":\"unexpected EOF\"}\n");
  EXPECT_EQ(stream.error(), "unexpected EOF");
}

TEST(PullStream, TheLastMessageNeedsNoEndOfLine) {
  PullStream stream;
  stream.Put("{\"errorDetail\":{\"message\":\"no space left on device\"}}");
  EXPECT_EQ(stream.error(), "");
  stream.PutEnd();
  EXPECT_EQ(stream.error(), "no space left on device");
}

TEST(PullStream, ASizeThatIsNotKnownIsNone) {
  PullStream stream;
  stream.Put("{\"status\":\"Downloading\",\"progressDetail\":{\"current\":70,\"total\":-1},\"id\":\"b\"}\n");
  EXPECT_EQ(stream.progress(), (PullProgress{70, 0}));
}

TEST(PullStream, AMessageWithoutEndTakesNoMoreThanItMay) {
  PullStream stream;
  const std::string piece(PullStream::kMaxMessage / 2, 'x');
  for (int i = 0; i < 8; ++i) stream.Put(piece);
  stream.Put("\n{\"error\":\"late\"}\n");
  EXPECT_EQ(stream.error(), "late");
}

}  // namespace
}  // namespace reprieve::runtime::docker
