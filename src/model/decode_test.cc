#include "model/decode.h"

#include <gtest/gtest.h>

#include "document/json.h"

namespace reprieve::model {

using document::Value;

namespace {

Decoded DecodeJob(std::string_view json) {
  return Decode(*document::ParseJson(json), JobMessage());
}

std::string Fault(std::string_view json) {
  const Decoded decoded = DecodeJob(json);
  return decoded.error ? decoded.error->message : "no error";
}

std::vector<std::string> Issues(std::string_view json) {
  std::vector<std::string> out;
  for (const auto& issue : DecodeJob(json).issues) out.push_back(issue.Text());
  return out;
}

TEST(Decode, NamesTypesAsGoDoes) {
  EXPECT_EQ(Fault(R"({"spec":{"parallelism":1.5}})"),
            "json: cannot unmarshal number 1.5 into Go struct field JobSpec.spec.parallelism of type int32");
  EXPECT_EQ(
      Fault(R"({"spec":{"template":{"spec":{"volumes":[{"emptyDir":1}]}}}})"),
      "json: cannot unmarshal number into Go struct field Volume.spec.template.spec.volumes.VolumeSource.emptyDir of "
      "type v1.EmptyDirVolumeSource");
  EXPECT_EQ(Fault(R"({"metadata":{"labels":{"a":1}}})"),
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string");
}

TEST(Decode, AnErrorOfATypeWithItsOwnReaderWins) {
  EXPECT_EQ(Fault(R"({"spec":{"parallelism":"x"},"status":{"startTime":"x"}})"),
            R"(parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006")");
}

TEST(Decode, ReportsUnknownAndRepeatedFieldsInTheirOrder) {
  EXPECT_EQ(
      Issues(R"({"spec":{"bogus":1,"suspend":true,"suspend":false},"x":2,"metadata":{"labels":{"a":"b","a":"c"}}})"),
      (std::vector<std::string>{"unknown field \"spec.bogus\"", "duplicate field \"spec.suspend\"",
                                "unknown field \"x\"", "duplicate field \"metadata.labels.a\""}));
}

TEST(Decode, TheLastOfRepeatedMembersWinsAndStructuresGrowTogether) {
  const Decoded decoded = DecodeJob(R"({"spec":{"suspend":true,"parallelism":1},"spec":{"parallelism":2}})");
  EXPECT_EQ(document::WriteJson(decoded.value), R"({"spec":{"suspend":true,"parallelism":2}})");
}

TEST(Decode, NullTakesAwayAPointerAndLeavesANumberAlone) {
  const Decoded decoded = DecodeJob(R"({"spec":{"suspend":null},"status":{"active":1,"active":null}})");
  EXPECT_EQ(document::WriteJson(decoded.value), R"({"spec":{},"status":{"active":1}})");
}

TEST(Decode, TimesAreHeldInUtcToTheSecond) {
  const Decoded decoded = DecodeJob(R"({"status":{"startTime":"2026-01-01T01:00:00.75+02:00","completionTime":null}})");
  EXPECT_EQ(decoded.value["status"]["startTime"].AsText(), "2025-12-31T23:00:00Z");
}

TEST(Decode, PrintsTheOrderAndTheZerosOfTheServer) {
  const Decoded decoded = DecodeJob(R"({"spec":{"template":{"spec":{"containers":[{"image":"i"}]}}},"kind":"Job"})");
  EXPECT_EQ(
      document::WriteJson(Printed(decoded.value, JobMessage())),
      R"({"kind":"Job","metadata":{},"spec":{"template":{"metadata":{},"spec":{"containers":[{"name":"","image":"i",)"
      R"("resources":{}}]}}},"status":{}})");
}

TEST(Decode, ZerosAndAbsenceAreOneInTheStore) {
  const auto stored = [](std::string_view json) { return Stored(DecodeJob(json).value, JobMessage()); };
  EXPECT_EQ(stored(R"({"spec":{"template":{"spec":{"hostNetwork":false,"nodeSelector":{},"containers":[]}}}})"),
            stored("{}"));
  EXPECT_FALSE(stored(R"({"spec":{"suspend":false}})") == stored("{}"));
}

TEST(Decode, DumpsWithTheNamesOfGo) {
  const Value policy = *document::ParseJson(R"({"rules":[{"succeededCount":1}]})");
  EXPECT_EQ(Dump(&policy, GetMessage("batch/v1.SuccessPolicy")),
            R"({"Rules":[{"SucceededIndexes":null,"SucceededCount":1}]})");
  EXPECT_EQ(Dump(nullptr, GetMessage("batch/v1.SuccessPolicy")), "null");
}

TEST(Decode, KeepsAManyMemberedMapFast) {
  Value labels = Value::MakeObject();
  for (int i = 0; i < 50000; ++i) labels.members().push_back({"k" + std::to_string(i), Value::String("v"), {}});
  Value job = Value::MakeObject();
  job.At("metadata").Set("labels", std::move(labels));
  EXPECT_EQ(Decode(job, JobMessage()).value["metadata"]["labels"].size(), 50000U);
}

}  // namespace
}  // namespace reprieve::model
