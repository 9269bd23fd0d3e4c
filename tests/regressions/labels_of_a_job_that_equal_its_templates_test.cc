// A Job with the same labels as its template was mistaken for one whose labels were defaulted from the template, and
// got the generated labels too. Found by the complete Jobs in the JobSet recordings.
#include <gtest/gtest.h>

#include "admission/admission.h"
#include "document/json.h"

namespace reprieve {
namespace {

admission::Answer Create(const std::string& labels) {
  const std::string body =
      R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"j")" + labels +
      R"(},"spec":{"template":{"metadata":{"labels":{"a":"b"}},"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}})";
  return admission::CreateJob(body, {"default", "", "UID", "", Time()});
}

TEST(LabelsOfAJob, ThatEqualItsTemplatesStayAsTheyWere) {
  const admission::Answer answer = Create(R"(,"labels":{"a":"b"})");
  ASSERT_TRUE(answer.ok()) << answer.message;
  EXPECT_EQ(document::WriteJson(answer.object["metadata"]["labels"]), R"({"a":"b"})");
}

TEST(LabelsOfAJob, ThatAreDefaultedGetTheGeneratedOnes) {
  const admission::Answer answer = Create("");
  ASSERT_TRUE(answer.ok()) << answer.message;
  EXPECT_EQ(answer.object["metadata"]["labels"]["job-name"].AsText(), "j");
}

}  // namespace
}  // namespace reprieve
