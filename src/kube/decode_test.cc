#include "kube/decode.h"

#include <gtest/gtest.h>

#include "base/text.h"

// That it reads what a tree says is shown in tests/property/decoding_test.cc; here, what is shared.
namespace reprieve::kube {
namespace {

class DecodeTest : public ::testing::Test {
 protected:
  core::Pod Pod(std::string_view name, std::string_view job, int index,
                std::string_view since = "2026-01-02T03:04:05Z") {
    const std::string text = Cat(
        R"({"metadata":{"name":")", name, R"(","generateName":"train-","namespace":"n","uid":"uid-)", name,
        R"(","resourceVersion":"7","managedFields":[{"f:x":{}}],"labels":{"batch.kubernetes.io/job-completion-index":")",
        index, R"(","controller-uid":")", job,
        R"("},"annotations":{"cni":"x","batch.kubernetes.io/job-completion-index":")", index,
        R"("},"ownerReferences":[{"apiVersion":"batch/v1","kind":"Job","name":"train","uid":")", job,
        R"(","controller":true}],"finalizers":["batch.kubernetes.io/job-tracking"]},"spec":{"nodeName":"n1","containers":[{}]},)",
        R"("status":{"phase":"Running","conditions":[{"type":"Ready","status":"True","lastTransitionTime":")", since,
        R"("}]}})");
    document::JsonCursor in(text);
    core::Pod out = decoder_.Pod(in);
    in.End();
    EXPECT_TRUE(in.ok()) << in.error();
    return out;
  }

  Decoder decoder_;
};

bool SharesAll(const core::Pod& a, const core::Pod& b) {
  return a.metadata.owner_references.SharesWith(b.metadata.owner_references) &&
         a.metadata.finalizers.SharesWith(b.metadata.finalizers) &&
         a.status.conditions.SharesWith(b.status.conditions) && a.spec == b.spec &&
         a.node_name.view().data() == b.node_name.view().data();
}

// The entry that does not differ is at one address.
bool SharesLabels(const meta::Labels& a, const meta::Labels& b, std::string_view key) {
  return a.Find(key) == b.Find(key);
}

TEST_F(DecodeTest, PodsOfOneJobShareAllButNameIndexAndIdentity) {
  const core::Pod a = Pod("train-aaaaa", "j", 1);
  const core::Pod b = Pod("train-bbbbb", "j", 2);
  EXPECT_TRUE(SharesAll(a, b));
  EXPECT_TRUE(SharesLabels(a.metadata.labels, b.metadata.labels, "controller-uid"));
  EXPECT_EQ(a.metadata.labels.TextOf("batch.kubernetes.io/job-completion-index"), "1");
  EXPECT_EQ(b.metadata.labels.TextOf("batch.kubernetes.io/job-completion-index"), "2");
  EXPECT_EQ(b.metadata.annotations.TextOf("batch.kubernetes.io/job-completion-index"), "2");
  EXPECT_EQ(b.metadata.annotations.TextOf("cni"), std::nullopt);
  EXPECT_EQ(b.metadata.generate_name.In(b.metadata.name), "train-");
  EXPECT_EQ(b.metadata.uid, "uid-train-bbbbb");
  EXPECT_TRUE(b.metadata.rest.members().empty());
}

TEST_F(DecodeTest, PodsOfAnotherJobOrTimeDoNotShareWhatDiffers) {
  const core::Pod a = Pod("train-aaaaa", "j", 1);
  const core::Pod b = Pod("train-bbbbb", "k", 1, "2026-01-02T03:04:06Z");
  EXPECT_EQ(b.metadata.owner_references.front().uid, "k");
  EXPECT_EQ(b.metadata.labels.TextOf("controller-uid"), "k");
  EXPECT_FALSE(a.status.conditions.SharesWith(b.status.conditions));
}

// However many Jobs there are between two versions of a pod.
TEST_F(DecodeTest, ALaterVersionSharesWithTheFormer) {
  const core::Pod former = Pod("train-aaaaa", "j", 1);
  Decoder another;
  std::swap(decoder_, another);
  core::Pod made = Pod("train-aaaaa", "j", 1);
  EXPECT_FALSE(made.metadata.owner_references.SharesWith(former.metadata.owner_references));
  ShareWithFormer(former, made);
  EXPECT_TRUE(made.metadata.owner_references.SharesWith(former.metadata.owner_references));
  EXPECT_TRUE(made.metadata.finalizers.SharesWith(former.metadata.finalizers));
  EXPECT_TRUE(SharesLabels(made.metadata.labels, former.metadata.labels, "controller-uid"));
  EXPECT_EQ(made.metadata.uid.view().data(), former.metadata.uid.view().data());
}

TEST_F(DecodeTest, AJobSetWhoseSpecHasNotChangedKeepsIt) {
  const auto read = [&](std::string_view status, std::string_view spec) {
    const std::string text = Cat(R"({"metadata":{"name":"s"},"spec":)", spec, R"(,"status":)", status, "}");
    document::JsonCursor in(text);
    return decoder_.JobSet(in);
  };
  const jobset::JobSet a = read("{}", R"({"replicatedJobs":[{"name":"w"}]})");
  const jobset::JobSet b = read(R"({"restarts":2})", R"({"replicatedJobs":[{"name":"w"}]})");
  const jobset::JobSet c = read("{}", R"({"replicatedJobs":[{"name":"v"}]})");
  EXPECT_EQ(a.spec, b.spec);
  EXPECT_EQ(b.status.restarts, 2);
  EXPECT_NE(a.spec, c.spec);
  EXPECT_EQ(c.spec->replicated_jobs[0].name, "v");
  EXPECT_EQ((*c.stored_spec)["network"]["enableDNSHostnames"].AsBool(), true);
}

}  // namespace
}  // namespace reprieve::kube
