// Two containers that ask for all the memory there can be asked together for less than nothing, and fitted anywhere.
#include <gtest/gtest.h>

#include <limits>

#include "document/json.h"
#include "model/bind.h"
#include "model/core.h"
#include "scheduler/resources.h"

namespace reprieve {
namespace {

TEST(RequestsOfAPod, AreNeverLessThanThoseOfAContainer) {
  const auto pod = model::Bind<core::PodSpec>(*document::ParseJson(
      R"({"containers":[{"name":"a","image":"i","resources":{"requests":{"memory":"8Ei","cpu":"9E"}}},
          {"name":"b","image":"i","resources":{"requests":{"memory":"9223372036854775808","cpu":"9E"}}}]})"));
  const scheduler::Resources requests = scheduler::RequestsOf(pod);
  EXPECT_EQ(scheduler::AmountOf(requests, "memory"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(scheduler::AmountOf(requests, "cpu"), std::numeric_limits<std::int64_t>::max());
}

}  // namespace
}  // namespace reprieve
