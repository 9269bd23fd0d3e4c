#include "cli/follow_on.h"

#include <gtest/gtest.h>

#include "document/yaml.h"

namespace reprieve::cli {
namespace {

constexpr std::string_view kManifest = R"(
spec:
  completions: three
  completionMode: Indexed
  template:
    spec:
      containers:
      - name: main
        resources:
          limits: {memory: []}
)";

// Whether what is said of the field comes only from what was left out.
bool Follows(const std::string& field, const std::string& message, const std::vector<std::string>& dropped) {
  const auto manifest = document::ParseYaml(kManifest);
  Diagnostic complaint;
  complaint.subject = field;
  complaint.message = message;
  return FollowsFromDropped(manifest.value().front(), complaint, dropped);
}

TEST(ErrorsThatFollow, AreThoseOfTheValueAndWhatIsInIt) {
  EXPECT_TRUE(Follows("spec.completions", "Required value: when completion mode is Indexed", {"spec.completions"}));
  EXPECT_TRUE(Follows("spec.template.spec.containers[0].image", "Required value", {"spec.template"}));
  EXPECT_FALSE(Follows("spec.completionMode", "Unsupported value: \"Index\"", {"spec.completions"}));
  EXPECT_FALSE(Follows("spec.completions", "Invalid value: -1: must be at least 0", {}));
}

TEST(ErrorsThatFollow, AreThoseOfWhatIsRequiredAroundIt) {
  const std::vector<std::string> dropped = {"spec.template.spec.containers[0].name"};
  EXPECT_TRUE(Follows("spec.template.spec.containers", "Required value", dropped));
  EXPECT_FALSE(Follows("spec.template.spec.containers", "Invalid value: too many", dropped));
}

TEST(ErrorsThatFollow, AreThoseOfFieldsBesideItThatNobodyWrote) {
  EXPECT_TRUE(Follows("spec.parallelism", "Invalid value: must be at most completions", {"spec.completions"}));
  EXPECT_FALSE(Follows("spec.template", "Invalid value: too long", {"spec.completions"}));
}

TEST(ErrorsThatFollow, KeepAPathApartFromOneThatBeginsAlike) {
  EXPECT_FALSE(Follows("spec.completionMode", "Required value", {"spec.completion"}));
}

}  // namespace
}  // namespace reprieve::cli
