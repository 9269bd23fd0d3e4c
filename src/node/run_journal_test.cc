#include "node/run_journal.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "document/json.h"
#include "document/yaml.h"

namespace reprieve::node {
namespace {

namespace fs = std::filesystem;
using document::Value;

class Clock final : public world::Clock {
 public:
  Time Now() const override { return now; }
  Time now = *ParseRfc3339("2026-11-22T12:00:00Z");
};

class RunJournalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "run-journal-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    state_ = name;
    Result<JournalFile> file = JournalFile::Make(state_, clock_.now);
    ASSERT_TRUE(file.ok());
    file->set_part(part_);
    journal_ = std::make_unique<RunJournal>(std::move(*file), clock_, "reprieve test", nullptr);
  }
  void TearDown() override { fs::remove_all(state_); }

  // "run", "object Job", "status Job active=1" ... as they stand in the file.
  std::vector<std::string> Lines() {
    std::vector<std::string> out;
    std::string text = *ReadJournal(JournalsIn(state_).back());
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      const Value record = *document::ParseJson(std::string_view(text).substr(at, end - at));
      std::string line = record["type"].AsText();
      const Value& object = record["object"];
      if (object.IsObject()) line += " " + object["kind"].AsText();
      if (line == "status") line += " active=" + std::to_string(record["status"]["active"].AsInt());
      out.push_back(std::move(line));
      at = end + 1;
    }
    return out;
  }

  static batch::Job Job(const std::string& owner = "") {
    auto documents =
        document::ParseYaml("metadata: {name: train, uid: u-job" + owner +
                            "}\nspec: {backoffLimit: 3, template: {spec: {containers: [{name: main}]}}}\n");
    batch::Job out;
    FromValue(documents->front(), out);
    return out;
  }

  static core::Pod FailedPod() {
    core::Pod out;
    out.metadata.name = "train-a";
    out.metadata.uid = "u-pod";
    meta::OwnerReference owner;
    owner.kind = "Job";
    owner.name = "train";
    owner.uid = "u-job";
    owner.controller = true;
    out.metadata.owner_references.push_back(owner);
    out.status.phase = core::PodPhase::kFailed;
    return out;
  }

  std::string state_;
  std::size_t part_ = kMaxJournalPart;
  Clock clock_;
  std::unique_ptr<RunJournal> journal_;
};

TEST_F(RunJournalTest, ThatAJobHasStartedIsWrittenAtOnceAndHowManyPodsItHasWaits) {
  batch::Job job = Job();
  journal_->JobChanged(job);
  job.status.start_time = clock_.now;
  job.status.active = 1;
  journal_->JobChanged(job);
  journal_->Flush();
  EXPECT_EQ(Lines(), (std::vector<std::string>{"run", "object Job", "status active=1"}));
  job.status.active = 2;
  journal_->JobChanged(job);
  journal_->Flush();
  EXPECT_EQ(Lines().size(), 3U);
  clock_.now += Seconds(10);
  journal_->Flush();
  EXPECT_EQ(Lines().back(), "status active=2");
}

TEST_F(RunJournalTest, AJobOfAJobSetIsRecordedWithItsFirstFailure) {
  const batch::Job job = Job(
      ", ownerReferences: [{apiVersion: jobset.x-k8s.io/v1alpha2, kind: JobSet, name: s, uid: u, controller: true}]");
  journal_->JobChanged(job);
  journal_->Flush();
  EXPECT_EQ(Lines(), (std::vector<std::string>{"run"}));
  const core::Pod pod = FailedPod();
  journal_->PodChanged(pod);
  journal_->PodChanged(pod);
  journal_->Flush();
  EXPECT_EQ(Lines(), (std::vector<std::string>{"run", "object Job", "object Pod"}));
}

TEST_F(RunJournalTest, TheEndWritesWhatWaited) {
  batch::Job job = Job();
  journal_->JobChanged(job);
  job.status.active = 7;
  journal_->JobChanged(job);
  journal_->End("interrupted");
  EXPECT_EQ(Lines(), (std::vector<std::string>{"run", "object Job", "status active=7", "end"}));
}

class SmallParts : public RunJournalTest {
 protected:
  SmallParts() { part_ = 2000; }
};

TEST_F(SmallParts, EachPartCanBeReadAlone) {
  const batch::Job job = Job();
  journal_->JobChanged(job);
  for (int i = 0; i < 20; ++i) {
    core::Pod pod = FailedPod();
    pod.metadata.uid = meta::Uid("u-" + std::to_string(i));
    journal_->PodChanged(pod);
    journal_->Flush();
  }
  fs::remove(JournalsIn(state_).back().path + ".1");
  const std::vector<std::string> lines = Lines();
  ASSERT_GE(lines.size(), 2U);
  EXPECT_EQ(lines[0], "run");
  EXPECT_EQ(lines[1], "object Job");
}

}  // namespace
}  // namespace reprieve::node
