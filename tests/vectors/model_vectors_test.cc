// Runs the vectors of this folder that are about the model: each entry of a file is a test of its own.
//
// An entry: name (what holds), shows (the paragraph or the authority), input, expect. The header of each file describes
// the last two. Adding a vector is adding text.
#include "admission/admission.h"
#include "admission/patch.h"
#include "base/text.h"
#include "document/json.h"
#include "document/yaml.h"
#include "model/index_list.h"
#include "model/quantity.h"
#include "vectors/vectors.h"

namespace reprieve::model {

using namespace reprieve::document;
using namespace reprieve::admission;
namespace {

void RunIndexList(const Value& input, const Value& expect) {
  const auto parsed = ParseIndexList(input["text"].AsText(), static_cast<std::int32_t>(input["completions"].AsInt()));
  EXPECT_EQ(parsed.ok() ? "" : parsed.error().message, expect["error"].AsText());
  if (parsed.ok()) {
    EXPECT_EQ(CountIndexes(*parsed), expect["count"].AsInt());
  }
}

void RunQuantity(const Value& input, const Value& expect) {
  auto quantity = Quantity::Parse(input.AsText());
  EXPECT_EQ(quantity.ok() ? "" : quantity.error().message, expect["error"].AsText());
  if (!quantity.ok()) return;
  EXPECT_EQ((*quantity).text(), expect["text"].AsText());
  (*quantity).RoundUpToMilli();
  EXPECT_EQ((*quantity).text(), expect["rounded"].AsText());
}

void RunYaml(const Value& input, const Value& expect) {
  const auto documents = ParseYaml(input.AsText());
  ASSERT_TRUE(documents.ok()) << documents.error().message;
  ASSERT_EQ((*documents).size(), 1U);
  EXPECT_EQ(WriteJson((*documents)[0]), expect.AsText());
}

// `actual` must contain everything in `expected`; a null means absent.
void ExpectWithin(const Value& expected, const Value& actual, const std::string& path) {
  if (!expected.IsObject()) {
    EXPECT_EQ(WriteJson(actual), WriteJson(expected)) << path;
    return;
  }
  for (const auto& member : expected.members())
    ExpectWithin(member.value, actual[member.key], Cat(path, ".", member.key));
}

void RunAdmission(const Value& input, const Value& expect) {
  const Value minimal = *ParseJson(
      R"({"metadata":{"name":"j"},"spec":{"template":{"spec":{"containers":[{"name":"c","image":"i"}],"restartPolicy":"Never"}}}})");
  Request request;
  request.uid = "5f3d";
  const Answer answer = CreateJob(MergePatch(minimal, input), request);
  EXPECT_EQ(answer.code, expect["code"].AsInt()) << answer.message;
  std::vector<std::string> causes;
  for (const auto& cause : answer.causes) causes.push_back(Cat(cause.field, ": ", cause.message));
  std::vector<std::string> expected;
  for (const Value& cause : expect["causes"].items()) expected.push_back(cause.AsText());
  EXPECT_EQ(causes, expected);
  if (!expect["object"].IsNull())
    ExpectWithin(vectors::Normal(expect["object"]), vectors::Normal(answer.object), "object");
}

constexpr vectors::VectorFile kFiles[] = {
    {"index_lists", RunIndexList}, {"quantities", RunQuantity}, {"yaml_scalars", RunYaml}, {"admission", RunAdmission}};

}  // namespace
}  // namespace reprieve::model

int main(int argc, char** argv) {
  return reprieve::vectors::RunAll(argc, argv, reprieve::model::kFiles);
}
