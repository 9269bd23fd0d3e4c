#include "admission/served_fields.h"

#include <array>
#include <map>
#include <utility>

#include "model/versions.h"

namespace reprieve::admission {

namespace {

using model::FieldFate;
using model::KubernetesVersion;
using model::Treatment;

constexpr std::size_t kVersions = KubernetesVersion::kNewestMinor - KubernetesVersion::kOldestMinor + 1;

// Rows about values, and about a field of certain messages only (containers[].restartPolicy), are for validation.
// A stop signal takes its lifecycle with it (DropDisabledFields).
bool IsAboutField(const model::VersionRow& row) {
  if (row.message() == "core/v1.Lifecycle") return false;
  return row.product() == model::Product::kKubernetes && !row.is_about_value() && row.path().size() == 1 &&
         !row.path().front().is_list;
}

FieldFate FateOfTreatment(Treatment treatment) {
  switch (treatment) {
    case Treatment::kServed:
      return FieldFate::kKept;
    case Treatment::kUnknown:
      return FieldFate::kUnknown;
    case Treatment::kDropped:
    // What is left without the field is refused.
    case Treatment::kRefused:
      return FieldFate::kDropped;
  }
  return FieldFate::kKept;
}

model::FateOf Served(KubernetesVersion version) {
  std::map<const model::Field*, FieldFate> fates;
  for (const model::VersionRow* row : model::VersionRows()) {
    if (!IsAboutField(*row)) continue;
    const model::Field* field = model::GetMessage(row->message()).Find(row->path().front().field);
    fates[field] = FateOfTreatment(row->TreatmentIn(version.minor));
  }
  return [fates = std::move(fates)](const model::Message& /*message*/, const model::Field& field) {
    const auto at = fates.find(&field);
    return at != fates.end() ? at->second : FieldFate::kKept;
  };
}

}  // namespace

const model::FateOf& FieldsServedBy(KubernetesVersion version) {
  static const auto served = [] {
    std::array<model::FateOf, kVersions> out;
    for (std::size_t i = 0; i < kVersions; ++i) {
      out[i] = Served(KubernetesVersion{KubernetesVersion::kOldestMinor + static_cast<int>(i)});
    }
    return out;
  }();
  return served[static_cast<std::size_t>(version.minor - KubernetesVersion::kOldestMinor)];
}

}  // namespace reprieve::admission
