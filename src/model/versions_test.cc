#include "model/versions.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"
#include "model/schema.h"

namespace reprieve::model {
namespace {

const VersionRow& RowOf(std::string_view message, std::string_view field, std::string_view value = {}) {
  const auto& rows = VersionRowsOf(message);
  const auto at = std::find_if(rows.begin(), rows.end(), [&](const VersionRow& row) {
    return row.path().back().field == field && row.is_about_value() == !value.empty() && row.Covers(value);
  });
  EXPECT_NE(at, rows.end()) << message << " " << field;
  return *at;
}

Treatment Of(std::string_view message, std::string_view field, int minor) {
  return RowOf(message, field).TreatmentIn(minor);
}

TEST(Versions, AFieldIsUnknownThenDroppedThenServed) {
  EXPECT_EQ(Of("core/v1.PodSpec", "hostnameOverride", 33), Treatment::kUnknown);
  EXPECT_EQ(Of("core/v1.PodSpec", "hostnameOverride", 34), Treatment::kDropped);
  EXPECT_EQ(Of("core/v1.PodSpec", "hostnameOverride", 35), Treatment::kServed);
  EXPECT_EQ(Of("core/v1.PodSpec", "hostnameOverride", 37), Treatment::kServed);
}

TEST(Versions, ABetaThatIsOffByDefaultIsDropped) {
  EXPECT_EQ(RowOf("core/v1.PodSpec", "hostUsers").StageIn(32), Stage::kBetaOff);
  EXPECT_EQ(Of("core/v1.PodSpec", "hostUsers", 32), Treatment::kDropped);
  EXPECT_EQ(Of("core/v1.PodSpec", "hostUsers", 33), Treatment::kServed);
}

TEST(Versions, AFieldThatWasRemovedIsUnknownAgain) {
  const VersionRow& row = RowOf("core/v1.PodSpec", "workloadRef");
  EXPECT_EQ(row.TreatmentIn(34), Treatment::kUnknown);
  EXPECT_EQ(row.TreatmentIn(35), Treatment::kDropped);
  EXPECT_EQ(row.TreatmentIn(36), Treatment::kUnknown);
  EXPECT_EQ(row.last_minor(), 35);
}

TEST(Versions, AValueIsCoveredByNameOrByExpression) {
  EXPECT_EQ(RowOf("core/v1.Toleration", "operator", "Lt").TreatmentIn(37), Treatment::kRefused);
  EXPECT_FALSE(RowOf("core/v1.Toleration", "operator", "Lt").Covers("Exists"));
  const VersionRow& names = RowOf("core/v1.EnvVar", "name", "1 name");
  EXPECT_TRUE(names.Covers("a name"));
  EXPECT_FALSE(names.Covers("a_name.1-x"));
  EXPECT_EQ(names.TreatmentIn(31), Treatment::kRefused);
  EXPECT_EQ(names.TreatmentIn(32), Treatment::kServed);
}

TEST(Versions, TheHistoryOfARowIsFirstAndServedSince) {
  const VersionRow& row = RowOf("batch/v1.JobSpec", "managedBy");
  EXPECT_EQ(row.gate(), "JobManagedBy");
  EXPECT_EQ(row.first_minor(), 31);
  EXPECT_EQ(row.served_since(), 32);
  EXPECT_EQ(row.last_minor(), std::nullopt);
  EXPECT_EQ(RowOf("core/v1.Lifecycle", "stopSignal").served_since(), std::nullopt);
}

TEST(Versions, JobTemplatesOfAJobSetHaveTheFieldsOfOneKubernetes) {
  EXPECT_EQ(JobTypesOf({8}).ToString(), "1.32");
  EXPECT_EQ(JobTypesOf({11}).ToString(), "1.35");
  EXPECT_EQ(JobTypesOf({}).ToString(), "1.37");
}

// The schema has the facts of Kubernetes 1.36 and more of 1.37, and those of JobSet 0.12 and more of 0.13.
bool IsOfTheSchemasVersion(const VersionRow& row) {
  return row.StageIn(row.product() == Product::kJobSet ? 12 : 36) != Stage::kAbsent;
}

const Field* FieldOf(const VersionRow& row) {
  const Message* message = FindMessage(row.message());
  const Field* field = nullptr;
  for (const PathStep& step : row.path()) {
    if (message == nullptr) return nullptr;
    field = message->Find(step.field);
    if (field == nullptr) return nullptr;
    EXPECT_TRUE(!step.is_list || field->type.shape == Shape::kList) << row.message() << " " << step.field;
    const Type* type = &field->type;
    while (type->element != nullptr) type = type->element;
    message = type->message;
  }
  return field;
}

TEST(Versions, ARowIsAboutAFieldOfTheSchemaUnlessTheSchemasVersionLacksIt) {
  ASSERT_GT(VersionRows().size(), 60U);
  for (const VersionRow* row : VersionRows()) {
    EXPECT_NE(FindMessage(row->message()), nullptr) << row->message();
    if (FieldOf(*row) != nullptr) continue;
    EXPECT_FALSE(IsOfTheSchemasVersion(*row)) << row->message() << " " << row->path().back().field;
  }
}

TEST(Versions, EveryRowBeginsWithAKnownVersionAndHasAGateInKubernetes) {
  for (const VersionRow* row : VersionRows()) {
    const bool jobset = row->product() == Product::kJobSet;
    const int oldest = jobset ? JobSetVersion::kOldestMinor : KubernetesVersion::kOldestMinor;
    const int newest = jobset ? JobSetVersion::kNewestMinor : KubernetesVersion::kNewestMinor;
    EXPECT_GE(row->first_minor(), oldest) << row->message() << " " << row->path().back().field;
    EXPECT_LE(row->first_minor(), newest) << row->message() << " " << row->path().back().field;
    EXPECT_TRUE(jobset || !row->gate().empty()) << row->message() << " " << row->path().back().field;
  }
}

}  // namespace
}  // namespace reprieve::model
