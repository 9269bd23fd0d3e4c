// The parts of a pod template, each validated in a file of its own.
//
// Source: the causes in the recordings. Internal to admission/validation/pod.h. Pure; safe from any thread.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "admission/validation/errors.h"
#include "admission/validation/names.h"
#include "admission/validation/pod.h"

namespace reprieve::admission {

using Names = std::set<std::string, std::less<>>;

// What a container may refer to in its pod.
struct PodContext {
  const document::Value& spec;
  const TemplateRules& rules;
  // By name; null for a volume that is itself wrong, which nobody may mount.
  std::vector<std::pair<std::string, const document::Value*>> volumes = {};
  Names claims = {};

  const document::Value* Volume(std::string_view name) const;
};

// Each fault as an error on `path`.
void AddFaults(const Faults& faults, const FieldPath& path, std::string_view value, FieldErrors& errors);
// Required where empty, NotSupported where not in the list.
void ValidateChoice(const document::Value& value, const std::vector<std::string_view>& supported, const FieldPath& path,
                    FieldErrors& errors);
// The same of an optional member: absent is fine, empty is not supported.
void ValidateOptionalChoice(const document::Value& value, const std::vector<std::string_view>& supported,
                            const FieldPath& path, FieldErrors& errors);
// No .. among the steps.
void ValidateNoBacksteps(std::string_view text, const FieldPath& path, FieldErrors& errors);
// Also relative.
void ValidateDescendingPath(std::string_view text, const FieldPath& path, FieldErrors& errors);
void ValidatePortNumberOrName(const document::Value& port, const FieldPath& path, FieldErrors& errors);

// pod_template.cc
void ValidatePodSpec(const document::Value& spec, const FieldPath& path, const TemplateRules& rules,
                     FieldErrors& errors);
// Of a template or a pod; `path` is that of the annotations.
void ValidateAppArmorAnnotations(const document::Value& pod_template, const FieldPath& path, FieldErrors& errors);
// container.cc
void ValidateContainers(const PodContext& pod, const FieldPath& path, FieldErrors& errors);
void ValidateInitContainers(const PodContext& pod, const FieldPath& path, FieldErrors& errors);
// container_env.cc
void ValidateEnv(const document::Value& env, const FieldPath& path, FieldErrors& errors);
void ValidateEnvFrom(const document::Value& env_from, const FieldPath& path, FieldErrors& errors);
void ValidateObjectFieldRef(const document::Value& ref, bool volume, const FieldPath& path, FieldErrors& errors);
void ValidateResourceFieldRef(const document::Value& ref, bool volume, const FieldPath& path, FieldErrors& errors);
// mounts.cc
void ValidateMounts(const document::Value& container, const PodContext& pod, const FieldPath& path,
                    FieldErrors& errors);
// probe.cc
void ValidateProbesAndLifecycle(const document::Value& container, const document::Value& pod_spec,
                                const FieldPath& path, FieldErrors& errors);
// resources.cc
void ValidateResources(const document::Value& resources, const Names& claims, const FieldPath& path,
                       FieldErrors& errors);
void ValidatePodResources(const PodContext& pod, const FieldPath& path, FieldErrors& errors);
void ValidateResourceClaims(const document::Value& claims, const FieldPath& path, FieldErrors& errors);
// security.cc
void ValidateContainerSecurity(const document::Value& context, const PodContext& pod, const FieldPath& path,
                               FieldErrors& errors);
void ValidatePodSecurity(const PodContext& pod, const FieldPath& path, FieldErrors& errors);
// A container that is not allowed to escalate its privileges, and adds CAP_SYS_ADMIN.
bool AddsSysAdmin(const document::Value& context);
// os.cc; `path` is that of the spec
void ValidateOs(const PodContext& pod, const FieldPath& path, FieldErrors& errors);
// projected.cc
void ValidateProjected(const document::Value& volume, const FieldPath& path, FieldErrors& errors);
// volumes.cc; ValidateVolumes fills in pod.volumes
void ValidateVolumes(PodContext& pod, const FieldPath& path, FieldErrors& errors);
void ValidateMode(const document::Value& mode, const FieldPath& path, FieldErrors& errors);
// Relative, without .. and not beginning with it: such names are the kubelet's own.
void ValidateFilePath(const std::string& text, const FieldPath& path, FieldErrors& errors);
void ValidateKeyToPath(const document::Value& item, const FieldPath& path, FieldErrors& errors);
void ValidateDownwardFile(const document::Value& file, const FieldPath& path, FieldErrors& errors);
// scheduling.cc
void ValidateAffinity(const document::Value& affinity, const FieldPath& path, FieldErrors& errors);
void ValidateTopologySpread(const document::Value& constraints, const FieldPath& path, FieldErrors& errors);
void ValidateTolerations(const document::Value& tolerations, const FieldPath& path, FieldErrors& errors);

}  // namespace reprieve::admission
