#include "admission/manifest.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "document/locate.h"

namespace reprieve::admission {
namespace {

std::string FirstError(const Manifests& manifests) {
  return manifests.errors.empty() ? "no error" : manifests.errors.front().Text();
}

TEST(Manifest, ReadsDocumentsAndTheItemsOfLists) {
  const auto manifests =
      ParseManifests("j.yaml", "kind: Job\n---\nkind: List\nitems:\n- kind: Pod\n- kind: JobSet\n---\n");
  ASSERT_EQ(manifests.objects.size(), 3U);
  EXPECT_EQ(manifests.objects[2].value["kind"].AsText(), "JobSet");
  EXPECT_EQ(manifests.objects[2].value.mark().line, 6U);
}

TEST(Manifest, ReadsJsonAndFlowYamlThatLooksLikeIt) {
  EXPECT_EQ(ParseManifests("j.json", R"({"kind":"Job"})").objects.size(), 1U);
  EXPECT_EQ(ParseManifests("j.yaml", "{kind: Job}").objects.size(), 1U);
  EXPECT_EQ(FirstError(ParseManifests("j.json", "{\n  kind: Job}")),
            "j.json:2:3: invalid character 'k' looking for beginning of object key string");
}

TEST(Manifest, SaysOnceAndClearlyWhatIsWrong) {
  EXPECT_EQ(FirstError(ParseManifests("e.yaml", "# nothing\n")), "e.yaml: holds no objects");
  EXPECT_EQ(FirstError(ParseManifests("s.yaml", "kind: Job\n---\njust text\n")),
            "s.yaml:3:1: a manifest must be an object with apiVersion and kind");
  EXPECT_EQ(FirstError(ParseManifests("u.yaml", "a: 1\nb: \xFF\n")),
            "u.yaml:2:4: not valid UTF-8 from here on; save the file as UTF-8");
  EXPECT_EQ(FirstError(ReadManifests("/nowhere/at/all.yaml")),
            "/nowhere/at/all.yaml: can't be opened: No such file or directory");
  EXPECT_EQ(FirstError(ReadManifests("/dev/zero")),
            "/dev/zero: larger than 64 MiB, which no manifest should be; nothing was read");
}

TEST(Manifest, KeepsTheObjectsBeforeAnError) {
  const auto manifests = ParseManifests("j.yaml", "kind: Job\n---\na: [\n");
  EXPECT_EQ(manifests.objects.size(), 1U);
  EXPECT_EQ(manifests.errors.size(), 1U);
}

TEST(Manifest, ReadsAFolderInTheOrderOfItsNames) {
  const auto folder = std::filesystem::path(testing::TempDir()) / Cat("reprieve_manifests-", getpid());
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  EXPECT_NE(FirstError(ReadManifests(folder.string())).find("no manifests in this folder"), std::string::npos);
  std::ofstream(folder / "b.yml") << "kind: B\n";
  std::ofstream(folder / "a.json") << "{\"kind\":\"A\"}";
  std::ofstream(folder / "readme.txt") << "not a manifest";
  const auto manifests = ReadManifests(folder.string());
  ASSERT_EQ(manifests.objects.size(), 2U);
  EXPECT_EQ(manifests.objects[0].value["kind"].AsText(), "A");
  std::filesystem::remove_all(folder);
}

TEST(Locate, FindsTheFieldOrItsNearestAncestor) {
  const auto manifests =
      ParseManifests("j.yaml",
                     "kind: Job\nspec:\n  template:\n    metadata:\n      labels:\n        app: x\n    spec:\n"
                     "      containers:\n      - name: c\n        env:\n        - name: A\n");
  const document::Value& job = manifests.objects.at(0).value;
  EXPECT_EQ(document::Locate(job, "spec.template.spec.containers[0].env[0].name").line, 11U);
  EXPECT_EQ(document::Locate(job, "spec.template.spec.containers[0].image").line, 9U);
  EXPECT_EQ(document::Locate(job, "spec.template.spec.containers[3]").line, 8U);
  EXPECT_EQ(document::Locate(job, "spec.template.metadata.labels[app]").line, 6U);
  EXPECT_EQ(document::Locate(job, "spec.template.labels").line, 5U);
  EXPECT_EQ(document::Locate(job, "metadata.name").line, 1U);
}

}  // namespace
}  // namespace reprieve::admission
