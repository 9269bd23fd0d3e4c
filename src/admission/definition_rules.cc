#include "admission/definition_rules.h"

namespace reprieve::admission {

namespace {

#define REPRIEVE_JOBSET "jobset.x-k8s.io/v1alpha2."

constexpr std::string_view kConditionType =
    R"(^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$)";
constexpr std::string_view kReason = "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$";

const DefinitionRule kRules[] = {
    {.message = REPRIEVE_JOBSET "SuccessPolicy", .field = "operator", .words = {"All", "Any"}},
    {.message = REPRIEVE_JOBSET "FailurePolicy",
     .field = "restartStrategy",
     .words = {"Recreate", "BlockingRecreate", "InPlaceRestart"},
     .default_json = "\"Recreate\""},
    {.message = REPRIEVE_JOBSET "FailurePolicyRule",
     .field = "action",
     .words = {"FailJobSet", "RestartJobSet", "RestartJobSetAndIgnoreMaxRestarts", "RestartJob",
               "RestartJobAndIgnoreMaxRestarts"}},
    {.message = REPRIEVE_JOBSET "StartupPolicy", .field = "startupPolicyOrder", .words = {"AnyOrder", "InOrder"}},
    {.message = REPRIEVE_JOBSET "JobSetSpec", .field = "ttlSecondsAfterFinished", .minimum = 0},
    {.message = REPRIEVE_JOBSET "JobSetSpec", .field = "volumeClaimPolicies", .max_items = 50},
    {.message = REPRIEVE_JOBSET "VolumeClaimPolicy", .field = "templates", .max_items = 50},
    {.message = REPRIEVE_JOBSET "VolumeRetentionPolicy",
     .field = "whenDeleted",
     .words = {"Delete", "Retain"},
     .default_json = "\"Delete\""},
    {.message = REPRIEVE_JOBSET "ReplicatedJob", .field = "groupName", .default_json = "\"default\""},
    {.message = REPRIEVE_JOBSET "ReplicatedJob", .field = "replicas", .minimum = 0, .default_json = "1"},
    {.message = REPRIEVE_JOBSET "ReplicatedJob", .field = "dependsOn", .max_items = 5},
    {.message = REPRIEVE_JOBSET "DependsOn", .field = "status", .words = {"Ready", "Complete"}},
    {.message = REPRIEVE_JOBSET "JobSetStatus", .field = "restarts", .optional = true},
    {.message = REPRIEVE_JOBSET "JobSetStatus", .field = "previousInPlaceRestartAttempt", .minimum = 0},
    {.message = REPRIEVE_JOBSET "JobSetStatus", .field = "currentInPlaceRestartAttempt", .minimum = 0},
    {.message = REPRIEVE_JOBSET "ReplicatedJobStatus", .field = "jobRestarts", .max_items = 1024},
    {.message = REPRIEVE_JOBSET "ReplicatedJobStatus", .field = "jobRestartsCountTowardsMax", .max_items = 1024},
    {.message = "meta/v1.Condition", .field = "type", .max_length = 316, .pattern = kConditionType},
    {.message = "meta/v1.Condition", .field = "status", .words = {"True", "False", "Unknown"}},
    {.message = "meta/v1.Condition", .field = "observedGeneration", .minimum = 0},
    {.message = "meta/v1.Condition", .field = "reason", .min_length = 1, .max_length = 1024, .pattern = kReason},
    {.message = "meta/v1.Condition", .field = "message", .max_length = 32768},
    {.message = "core/v1.ContainerPort", .field = "protocol", .default_json = "\"TCP\""},
    {.message = "core/v1.ServicePort", .field = "protocol", .default_json = "\"TCP\""},
    {.message = "core/v1.GRPCAction", .field = "service", .default_json = "\"\""},
    {.message = "core/v1.ProjectedVolumeSource", .field = "sources", .optional = true},
    {.message = "batch/v1.PodFailurePolicyOnPodConditionsPattern", .field = "status", .optional = true},
};

#undef REPRIEVE_JOBSET

}  // namespace

const DefinitionRule* FindDefinitionRule(const model::Message& message, std::string_view field) {
  for (const DefinitionRule& rule : kRules) {
    if (rule.field == field && rule.message == message.full_name) return &rule;
  }
  return nullptr;
}

const model::Message& InDefinition(const model::Message& message) {
  if (message.full_name != "meta/v1.ObjectMeta") return message;
  static const model::Message& embedded = model::GetMessage("jobset.x-k8s.io/v1alpha2.EmbeddedObjectMeta");
  return embedded;
}

bool IsRoot(const model::Message& message) {
  return message.Find("apiVersion") != nullptr && message.Find("metadata") != nullptr;
}

bool IsRequired(const model::Field& field, const DefinitionRule* rule) {
  if (field.required) return true;
  return !field.omitempty && !field.omitzero && !field.type.pointer && (rule == nullptr || !rule->optional);
}

}  // namespace reprieve::admission
