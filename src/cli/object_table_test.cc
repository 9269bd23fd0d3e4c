#include "cli/object_table.h"

#include <gtest/gtest.h>

#include "sim/virtual_clock.h"

namespace reprieve::cli {
namespace {

const Time kNow = *ParseRfc3339("2026-11-27T12:00:00Z");

batch::Job Named(std::string_view name_space, std::string_view name) {
  batch::Job job;
  job.metadata.namespace_ = name_space;
  job.metadata.name = name;
  job.metadata.uid = name;
  auto spec = std::make_shared<batch::JobSpec>();
  spec->completions = 12;
  spec->pod_template.spec = std::make_shared<const core::PodSpec>();
  job.spec = std::move(spec);
  return job;
}

TEST(ObjectTables, StandAsKubectlPrintsThem) {
  sim::VirtualClock clock(kNow);
  store::Store store(clock, 1);
  store.AddJob(Named("default", "train"));
  store.AddJob(Named("default", "a-long-name"));
  EXPECT_EQ(ObjectTables(store, kNow + Seconds(5)),
            "NAME          STATUS    COMPLETIONS   DURATION   AGE\n"
            "a-long-name   Running   0/12                     5s\n"
            "train         Running   0/12                     5s\n");
}

TEST(ObjectTables, HaveTheNamespaceWhereThereAreSeveral) {
  sim::VirtualClock clock(kNow);
  store::Store store(clock, 1);
  store.AddJob(Named("a", "train"));
  store.AddJob(Named("b", "train"));
  EXPECT_TRUE(ObjectTables(store, kNow).starts_with("NAMESPACE   NAME    STATUS"));
}

TEST(ObjectTables, OfNothingIsNothing) {
  sim::VirtualClock clock(kNow);
  EXPECT_EQ(ObjectTables(store::Store(clock, 1), kNow), "");
}

}  // namespace
}  // namespace reprieve::cli
