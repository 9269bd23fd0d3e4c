#include "admission/served_fields.h"

#include <array>
#include <map>
#include <string_view>

namespace reprieve::admission {

namespace {

using model::FieldFate;
using model::KubernetesVersion;

constexpr int kAlways = 0;

constexpr int kNever = 1000;

// A field that not every version serves; by minor versions.
struct GatedField {
  std::string_view message;
  std::string_view field;
  std::string_view gate;
  int since = kAlways;
  int on_since = kNever;  // the gate is on by default
};

FieldFate FateIn(KubernetesVersion version, const GatedField& field) {
  if (version.minor < field.since) return FieldFate::kUnknown;
  return version.minor < field.on_since ? FieldFate::kDropped : FieldFate::kKept;
}

constexpr GatedField kFields[] = {
    {"batch/v1.JobSpec", "scheduling", "WorkloadWithJob", 37},
    {"core/v1.PodSpec", "schedulingGroup", "GenericWorkload"},
    {"core/v1.PodSpec", "evictionResponders", "EvictionRequestAPI", 37},
    {"core/v1.HTTPGetAction", "protocol", "H2CContainerProbe", 37},
    {"core/v1.GRPCAction", "mode", "GRPCContainerProbeTLS", 37},
    {"core/v1.VolumeMount", "bindMountOptions", "VolumeBindMountOptions", 37},
    {"core/v1.EmptyDirVolumeSource", "mode", "EmptyDirVolumeMode", 37},
    {"core/v1.SecretVolumeSource", "defaultUser", "AtomicWriteVolumeUserFields", 37},
    {"core/v1.ConfigMapVolumeSource", "defaultUser", "AtomicWriteVolumeUserFields", 37},
    {"core/v1.DownwardAPIVolumeSource", "defaultUser", "AtomicWriteVolumeUserFields", 37},
    {"core/v1.ProjectedVolumeSource", "defaultUser", "AtomicWriteVolumeUserFields", 37},
    {"core/v1.KeyToPath", "user", "AtomicWriteVolumeUserFields", 37},
    {"core/v1.DownwardAPIVolumeFile", "user", "AtomicWriteVolumeUserFields", 37},
    {"core/v1.ServiceAccountTokenProjection", "user", "AtomicWriteVolumeUserFields", 37},
    {"core/v1.ClusterTrustBundleProjection", "user", "AtomicWriteVolumeUserFields", 37},
    {"core/v1.PodCertificateProjection", "user", "AtomicWriteVolumeUserFields", 37},
    {"core/v1.VolumeProjection", "clusterTrustBundle", "ClusterTrustBundleProjection", kAlways, 37},
    {"core/v1.VolumeProjection", "podCertificate", "PodCertificateRequest", kAlways, 37},
};

constexpr std::size_t kVersions = KubernetesVersion::kNewestMinor - KubernetesVersion::kOldestMinor + 1;

model::FateOf Served(KubernetesVersion version) {
  std::map<const model::Field*, FieldFate> fates;
  for (const GatedField& each : kFields) {
    fates[model::GetMessage(each.message).Find(each.field)] = FateIn(version, each);
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
