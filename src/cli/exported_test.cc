#include "cli/exported.h"

#include <gtest/gtest.h>

#include "document/json.h"

namespace reprieve::cli {
namespace {

std::string Stripped(std::string_view json) {
  return document::WriteJson(WithoutServerFields(*document::ParseJson(json)));
}

TEST(Exported, KeepsWhatTheUserWrote) {
  constexpr std::string_view kJob =
      R"({"kind":"Job","metadata":{"name":"j","labels":{"team":"a"},"annotations":{"note":"b"}},"spec":{"selector":{"matchLabels":{"a":"b"}},"manualSelector":true,"template":{"metadata":{"labels":{"a":"b","job-name":"x"}}}}})";
  EXPECT_FALSE(IsExported(*document::ParseJson(kJob)));
  EXPECT_EQ(Stripped(kJob), kJob);
}

TEST(Exported, LeavesOutWhatAServerHasGenerated) {
  constexpr std::string_view kJob =
      R"({"kind":"Job","metadata":{"name":"j","uid":"u","resourceVersion":"7","generation":2,"managedFields":[{}],"ownerReferences":[{"uid":"o"}],"labels":{"team":"a","job-name":"j","batch.kubernetes.io/controller-uid":"u"},"annotations":{"batch.kubernetes.io/job-tracking":""}},"spec":{"selector":{"matchLabels":{"batch.kubernetes.io/controller-uid":"u"}},"template":{"metadata":{"labels":{"controller-uid":"u","batch.kubernetes.io/job-name":"j"}},"spec":{}}},"status":{"succeeded":1}})";
  EXPECT_TRUE(IsExported(*document::ParseJson(kJob)));
  EXPECT_EQ(
      Stripped(kJob),
      R"({"kind":"Job","metadata":{"name":"j","labels":{"team":"a"}},"spec":{"template":{"metadata":{},"spec":{}}}})");
}

TEST(Exported, UnbindsAClaimFromItsVolume) {
  EXPECT_EQ(
      Stripped(
          R"({"kind":"PersistentVolumeClaim","metadata":{"name":"c","finalizers":["kubernetes.io/pvc-protection"]},"spec":{"volumeName":"pvc-1","accessModes":[]},"status":{}})"),
      R"({"kind":"PersistentVolumeClaim","metadata":{"name":"c"},"spec":{"accessModes":[]}})");
}

}  // namespace
}  // namespace reprieve::cli
