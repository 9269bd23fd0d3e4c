// A Job that gave its template and itself the same labels was taken for one whose labels defaulting had made of the
// template's, and got the generated ones too. Found by the JobSet recordings' whole Jobs.
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

TEST(LabelsOfAJob, ThatAreItsTemplatesGetTheGeneratedOnes) {
  const admission::Answer answer = Create("");
  ASSERT_TRUE(answer.ok()) << answer.message;
  EXPECT_EQ(answer.object["metadata"]["labels"]["job-name"].AsText(), "j");
}

}  // namespace
}  // namespace reprieve
