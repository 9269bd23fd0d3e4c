// Each member of a JobSet was compared with all before it, to drop those that are there twice, and each was looked for
// among all others when the webhook's defaults were laid over: a map of 300,000 members took minutes.
#include <gtest/gtest.h>

#include <ctime>
#include <string>

#include "admission/admission_jobset.h"

namespace reprieve {
namespace {

admission::Answer CreateWithSelector(int members) {
  std::string selector = "\"repeated\":\"a\"";
  for (int i = 0; i < members; ++i) selector += ",\"k" + std::to_string(i) + "\":\"v\"";
  selector += ",\"repeated\":\"b\"";
  const std::string body =
      R"({"apiVersion":"jobset.x-k8s.io/v1alpha2","kind":"JobSet","metadata":{"name":"s"},"spec":{"replicatedJobs":[{"name":"a",)"
      R"("template":{"spec":{"template":{"spec":{"nodeSelector":{)" +
      selector + R"(},"containers":[{"name":"c","image":"i"}]}}}}}]}})";
  return admission::CreateJobSet(body, {{"default", "", "UID", "", Time()}, {}, {}});
}

double CpuSeconds(int members) {
  const std::clock_t start = std::clock();
  EXPECT_TRUE(CreateWithSelector(members).ok());
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

TEST(AdmissionOfAJobSet, KeepsTheLastOfRepeatedMembers) {
  const admission::Answer answer = CreateWithSelector(3);
  ASSERT_TRUE(answer.ok()) << answer.message;
  const document::Value& read =
      answer.object["spec"]["replicatedJobs"][0]["template"]["spec"]["template"]["spec"]["nodeSelector"];
  EXPECT_EQ(read.size(), 4U);
  EXPECT_EQ(read["repeated"].AsText(), "b");
}

TEST(AdmissionOfAJobSet, CostsAsMuchPerMemberInALargeMap) {
  const double small = CpuSeconds(5'000);
  const double large = CpuSeconds(50'000);
  // Ten times the members: linear gives about 10, quadratic about 100.
  EXPECT_LT(large / small, 35) << small << " s and " << large << " s";
}

}  // namespace
}  // namespace reprieve
