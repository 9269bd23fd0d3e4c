#include "sim/test_file.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace reprieve::sim {
namespace {

struct Read {
  PolicyTest test;
  std::vector<std::string> errors;  // "LINE:COLUMN PATH: MESSAGE"
};

Read ReadText(const std::string& text) {
  const admission::Manifests documents = admission::ParseManifests("t.yaml", text);
  Read out;
  std::vector<DocumentError> errors;
  out.test = ReadPolicyTest(documents.objects.at(0), errors);
  for (const DocumentError& error : errors) {
    out.errors.push_back(Cat(error.mark.line, ":", error.mark.column, " ", error.path, ": ", error.message));
  }
  return out;
}

TEST(TestFile, EverythingThatThereIs) {
  const Read read = ReadText(R"(kind: PolicyTest
manifests: [train.yaml]
cluster:
  nodes: [{count: 2, labels: {rack: a}}, {labels: {rack: b}}]
  startAfter: 5s
  lostNode: {unreachable: 10s, evicted: 20s, removed: never}
work:
- {pods: "workers-*", container: main, runs: forever, exits: SIGSEGV, onSigterm: exits 3 after 2s, message: why}
cases:
- name: exit ${code}
  when: ["pod train-0 exits ${code} at 5s"]
  expect: ["Job train ${end}"]
  until: 2h
  table:
  - [code, end]
  - [42, fails]
  - [1, completes]
- name: plain
  expect: [Job train completes]
  work: [{runs: 1s, onSigterm: ignored}]
)");
  EXPECT_EQ(read.errors, std::vector<std::string>{});
  ASSERT_EQ(read.test.cases.size(), 3U);
  EXPECT_EQ(read.test.cases[0].name, "exit 42");
  EXPECT_EQ(read.test.cases[0].when.at(0).value.exit_code, 42);
  EXPECT_EQ(read.test.cases[0].until, std::chrono::hours(2));
  EXPECT_EQ(read.test.cases[1].expect.at(0).value.text, "Job train completes");
  EXPECT_EQ(read.test.cases[1].mark.line, 17U);
  EXPECT_EQ(read.test.cluster.nodes.at(0).count, 2);
  EXPECT_EQ(read.test.cluster.nodes.at(1).labels.at("rack"), "b");
  EXPECT_EQ(read.test.cluster.start_after, Seconds(5));
  EXPECT_FALSE(read.test.cluster.lost_node.removed.has_value());
  const WorkEntry& work = read.test.work.at(0);
  EXPECT_TRUE(work.forever);
  EXPECT_EQ(work.exits, 139);
  EXPECT_EQ(work.on_term->exit_code, 3);
  EXPECT_EQ(work.on_term->after, Seconds(2));
  EXPECT_TRUE(read.test.cases[2].work.at(0).ignores_term);
}

TEST(TestFile, AllThatIsWrongIsFoundAtItsPlace) {
  EXPECT_EQ(
      ReadText(R"(kind: PolicyTest
manifests: []
cluster: {nodes: 0, startAfter: soon}
work: [{runs: never}]
case: 1
cases:
- when: [node n1 is draned at 1s]
  expect: [Job train finishes]
- name: rows
  expect: [Job train completes]
  table:
  - [a, b]
  - [1]
- name: nothing
)")
          .errors,
      (std::vector<std::string>{
          "5:1 case: is no field here; expected one of apiVersion, kind, metadata, manifests, cluster, work, cases",
          "2:12 manifests: is empty; name the files to test",
          "3:18 cluster.nodes: expected a number of nodes from 1 to 100000",
          "3:33 cluster.startAfter: expected a duration, such as 10s, 1m30s or 2h",
          "4:15 work[0].runs: expected a duration, such as 10s, 1m30s or 2h",
          "7:3 cases[0].name: is missing; a case has a name",
          // NOLINTNEXTLINE(bugprone-suspicious-missing-comma): one text in two lines
          "7:21 cases[0].when[0]: not one of drained, tainted, lost, unreachable, shut down, back; did you mean "
          "drained?",
          "8:22 cases[0].expect[0]: expected completes, fails, does not end, is gone or is suspended",
          "13:5 cases[1].table[1]: expected 2 values, one for each of a, b",
          "14:3 cases[2].expect: is missing; a case that expects nothing can't fail",
      }));
}

}  // namespace
}  // namespace reprieve::sim
