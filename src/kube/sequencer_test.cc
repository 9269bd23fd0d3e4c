#include "kube/sequencer.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "document/json.h"
#include "net/testing.h"

namespace reprieve::kube {
namespace {

class Notes final : public ReflectorSink {
 public:
  explicit Notes(std::string& text) : text_(text) {}
  void ListBegins() override {}
  void ListEnds(meta::ResourceVersion) override {}
  void Changed(document::Value object) override { AppendTo(text_, object["metadata"]["name"].AsText(), " "); }
  void Deleted(document::Value object) override { AppendTo(text_, "-", object["metadata"]["name"].AsText(), " "); }
  void Bookmark(meta::ResourceVersion) override {}

 private:
  std::string& text_;
};

document::Value Object(std::string_view name, int version) {
  return *document::ParseJson(Cat(R"({"metadata":{"name":")", name, R"(","resourceVersion":")", version, R"("}})"));
}

TEST(Sequencer, WhatSeveralWatchesReportComesInTheOrderOfTheVersions) {
  net::Loop loop;
  std::string told;
  Notes jobs_notes(told), sets_notes(told);
  Sequencer sequencer(loop, Nanoseconds(20'000'000));
  std::string before;
  ReflectorSink& jobs = sequencer.Wrap(jobs_notes, {});
  ReflectorSink& sets = sequencer.Wrap(sets_notes, [&](const document::Value& object) {
    AppendTo(before, object["metadata"]["name"].AsText(), " after ", told);
  });
  jobs.ListBegins();
  jobs.Changed(Object("listed", 50));
  jobs.ListEnds(60);
  EXPECT_EQ(told, "listed ");
  sets.Changed(Object("restarted", 105));
  jobs.Changed(Object("failed", 101));
  jobs.Deleted(Object("old", 110));
  jobs.Changed(Object("other", 103));
  EXPECT_EQ(told, "listed ");
  EXPECT_TRUE(net::testing::RunUntil(loop, [&] { return told.find("-old") != std::string::npos; }));
  EXPECT_EQ(told, "listed failed other restarted -old ");
  EXPECT_EQ(before, "restarted after listed failed other ");
}

}  // namespace
}  // namespace reprieve::kube
