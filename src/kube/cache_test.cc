#include "kube/cache.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "kube/decode.h"
#include "kube/testing.h"

namespace reprieve::kube {
namespace {

using testing::Change;
using testing::Delete;

// What a watcher was told.
class Notes final : public world::Watcher {
 public:
  void JobChanged(const batch::Job&) override {}
  void JobDeleted(const batch::Job&) override {}
  void PodChanged(const core::Pod& pod) override { Add("+", pod); }
  void PodDeleted(const core::Pod& pod) override { Add("-", pod); }

  std::string Take() { return std::exchange(text_, {}); }

 private:
  void Add(std::string_view what, const core::Pod& pod) {
    AppendTo(text_, what, pod.metadata.name, "/", pod.metadata.uid, "@", pod.metadata.resource_version, " ");
  }
  std::string text_;
};

std::string Pod(std::string_view name, std::string_view uid, int version, std::string_view label = "a") {
  return Cat(R"({"metadata":{"namespace":"n","name":")", name, R"(","uid":")", uid, R"(","resourceVersion":")", version,
             R"(","labels":{"keep":")", label, R"("}},"spec":{"nodeName":"n1","nodeSelector":{"zone":"a"}}})");
}

class CacheTest : public ::testing::Test {
 protected:
  Decoder decoder_;
  Notes notes_;
  // Those whose label is "no" are not wanted.
  Cache<core::Pod> cache_{[this](document::JsonCursor& in) { return decoder_.Pod(in); }, [] {},
                          [](const core::Pod& pod) { return pod.metadata.labels.TextOf("keep") != "no"; }};
};

TEST_F(CacheTest, WhoComesLaterIsToldOfAllThereIs) {
  Change(cache_, Pod("p", "u", 1));
  cache_.Tell(&notes_);
  EXPECT_EQ(notes_.Take(), "+p/u@1 ");
  Change(cache_, Pod("p", "u", 2));
  Delete(cache_, Pod("p", "u", 3));
  EXPECT_EQ(notes_.Take(), "+p/u@2 -p/u@3 ");
  EXPECT_EQ(cache_.size(), 0U);
}

TEST_F(CacheTest, AnObjectOfTheSameNameReplacesAFormerOneThatHasGoneUnseen) {
  cache_.Tell(&notes_);
  Change(cache_, Pod("p", "old", 1));
  Change(cache_, Pod("p", "new", 5));
  EXPECT_EQ(notes_.Take(), "+p/old@1 -p/old@1 +p/new@5 ");
  Delete(cache_, Pod("p", "old", 4));
  EXPECT_EQ(notes_.Take(), "");
  EXPECT_EQ(cache_.Find(meta::ObjectKey{"n", "p"})->metadata.uid, "new");
}

TEST_F(CacheTest, WhatIsNotWantedAnyMoreIsGone) {
  cache_.Tell(&notes_);
  Change(cache_, Pod("q", "v", 1, "no"));
  Change(cache_, Pod("p", "u", 2));
  Change(cache_, Pod("p", "u", 3, "no"));
  EXPECT_EQ(notes_.Take(), "+p/u@2 -p/u@2 ");
  Change(cache_, Pod("p", "u", 4));
  Delete(cache_, Pod("p", "u", 5, "no"));
  EXPECT_EQ(notes_.Take(), "+p/u@4 -p/u@4 ");
  EXPECT_EQ(cache_.size(), 0U);
}

TEST_F(CacheTest, AfterAListWhatItDidNotHaveIsGone) {
  cache_.Tell(&notes_);
  cache_.ListBegins();
  Change(cache_, Pod("a", "u1", 1));
  Change(cache_, Pod("b", "u2", 2));
  cache_.ListEnds(5);
  notes_.Take();
  // The first attempt of the second list breaks off.
  cache_.ListBegins();
  Change(cache_, Pod("a", "u1", 1));
  cache_.ListBegins();
  Change(cache_, Pod("b", "u2", 2));
  cache_.ListEnds(9);
  EXPECT_EQ(notes_.Take(), "-a/u1@1 ");
  EXPECT_EQ(cache_.version(), 9U);
}

TEST_F(CacheTest, TheVersionStaysWhileEverythingIsListedAgainInNoOrder) {
  cache_.ListBegins();
  Change(cache_, Pod("a", "u1", 1));
  EXPECT_EQ(cache_.version(), 0U);
  cache_.ListEnds(5);
  Change(cache_, Pod("a", "u1", 6));
  EXPECT_EQ(cache_.version(), 6U);
  cache_.ListBegins();
  Change(cache_, Pod("b", "u2", 20));
  EXPECT_EQ(cache_.version(), 6U);
  Change(cache_, Pod("a", "u1", 12));
  cache_.ListEnds(21);
  EXPECT_EQ(cache_.version(), 21U);
}

TEST_F(CacheTest, PodsOfOneTemplateShareWhatIsKeptOfTheirSpecs) {
  Change(cache_, Pod("a", "u1", 1));
  Change(cache_, Pod("b", "u2", 2));
  const core::Pod* a = cache_.Find(meta::Uid("u1"));
  const core::Pod* b = cache_.Find(meta::Uid("u2"));
  EXPECT_EQ(a->spec, b->spec);
  EXPECT_EQ(a->node_name, "n1");
  EXPECT_EQ(a->spec->node_selector.at("zone"), "a");
  EXPECT_NE(a->slot, b->slot);
}

}  // namespace
}  // namespace reprieve::kube
