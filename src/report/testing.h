// For tests of this module: objects written as short YAML.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/text.h"
#include "document/yaml.h"
#include "report/explanation.h"
#include "report/objects.h"

namespace reprieve::report::testing {

inline Objects Read(const std::string& yaml) {
  auto documents = document::ParseYaml(yaml);
  EXPECT_TRUE(documents.ok()) << (documents.ok() ? "" : documents.error().message);
  ObjectsReader reader;
  for (const document::Value& document : *documents) {
    const auto unreadable = reader.Add(document, "dump.yaml");
    EXPECT_FALSE(unreadable) << unreadable->message;
  }
  return reader.Take();
}

inline Time At(const std::string& clock) {
  return *ParseRfc3339(Cat("2026-11-22T", clock, "Z"));
}

// A document of Job train; `spec` and `status` are members in flow style.
inline std::string Job(const std::string& spec, const std::string& status, const std::string& metadata = "") {
  return Cat("---\n{apiVersion: batch/v1, kind: Job, metadata: {name: train, namespace: default, uid: u-train, ",
             metadata, "}, spec: {", spec,
             ", template: {spec: {restartPolicy: Never, containers: [{name: main, image: i}]}}}, status: {startTime: "
             "2026-11-22T12:00:00Z, ",
             status, "}}\n");
}

struct PodText {
  std::string name;
  std::string ended;  // a clock's time
  int exit_code = 0;
  std::string job = "train";
  std::string metadata{};    // more of it
  std::string conditions{};  // of the status
};

inline std::string Pod(const PodText& pod) {
  return Cat("---\n{apiVersion: v1, kind: Pod, metadata: {name: ", pod.name, ", namespace: default, uid: u-", pod.name,
             ", ownerReferences: [{apiVersion: batch/v1, kind: Job, name: ", pod.job, ", uid: u-", pod.job,
             ", controller: true}], ", pod.metadata,
             "}, spec: {restartPolicy: Never, containers: [{name: main, image: i}]},",
             " status: {phase: ", pod.exit_code == 0 ? "Succeeded" : "Failed", ", conditions: [", pod.conditions,
             "], containerStatuses: [{name: main, state: {terminated: {exitCode: ", pod.exit_code,
             ", finishedAt: 2026-11-22T", pod.ended, "Z}}}]}}\n");
}

// An annotation and a label of an Indexed Job's pod, to stand in its metadata.
inline std::string Index(int index, int failed_before = 0) {
  return Cat("annotations: {batch.kubernetes.io/job-completion-index: \"", index,
             "\", batch.kubernetes.io/job-index-failure-count: \"", failed_before, "\"}");
}

// Entries in words: "12:01:00 train-a exited 1 in container main → retry 1 of 3 in 10s".
inline std::vector<std::string> Lines(const Subject& subject) {
  std::vector<std::string> out;
  for (const Entry& entry : subject.chain) {
    out.push_back(Cat(FormatClock(entry.at), " ",
                      entry.verdict ? world::Describe(*entry.verdict)
                                    : Cat(entry.pod, " ", entry.facts, " → not judged: ", entry.unjudged),
                      entry.ahead ? " (ahead)" : ""));
  }
  return out;
}

}  // namespace reprieve::report::testing
