#include "kube/sequencer.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "kube/testing.h"
#include "net/testing.h"

namespace reprieve::kube {
namespace {

using testing::Change;
using testing::Delete;

class Notes final : public ReflectorSink {
 public:
  explicit Notes(std::string& text) : text_(text) {}
  void ListBegins() override {}
  void ListEnds(meta::ResourceVersion) override {}
  meta::ResourceVersion Changed(document::JsonCursor& object) override { return Note("", object.ReadValue()); }
  meta::ResourceVersion Deleted(document::JsonCursor& object) override { return Note("-", object.ReadValue()); }
  void Bookmark(meta::ResourceVersion) override {}

 private:
  meta::ResourceVersion Note(std::string_view how, const document::Value& object) {
    AppendTo(text_, how, object["metadata"]["name"].AsText(), " ");
    return 1;
  }

  std::string& text_;
};

std::string Object(std::string_view name, int version) {
  return Cat(R"({"metadata":{"name":")", name, R"(","resourceVersion":")", version, R"("}})");
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
  Change(jobs, Object("listed", 50));
  jobs.ListEnds(60);
  EXPECT_EQ(told, "listed ");
  Change(sets, Object("restarted", 105));
  Change(jobs, Object("failed", 101));
  Delete(jobs, Object("old", 110));
  Change(jobs, Object("other", 103));
  EXPECT_EQ(told, "listed ");
  EXPECT_TRUE(net::testing::RunUntil(loop, [&] { return told.find("-old") != std::string::npos; }));
  EXPECT_EQ(told, "listed failed other restarted -old ");
  EXPECT_EQ(before, "restarted after listed failed other ");
}

}  // namespace
}  // namespace reprieve::kube
