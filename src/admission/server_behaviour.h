// What an API server does differently from one version of Kubernetes to another, as data: validation asks for a name,
// never for a version.
//
// Source: spec/job.md 11.1 to 11.6, in the order of the members; recordings of 1.36.3 and 1.37.2. When a change came is
// only known as "between these two": every version up to 1.36 is taken to behave as 1.36.3 does. Which fields a server
// knows is in served_fields.h. Immutable; safe from any thread.
#pragma once

#include "model/kubernetes_version.h"

namespace reprieve::admission {

struct ServerBehaviour {
  // A Job's causes, and those of a custom resource's metadata, are in the answer each once, however often the server
  // finds them.
  bool lists_a_cause_once = true;
  // An update of a Job also has to pass what a create has to: selector and labels as generated, among others.
  bool updates_like_a_create = false;
  // An owner's errors are at ownerReferences[i], and what is missing there is Required.
  bool numbers_owners = true;
  // A pod's namespaces (hostPID, shareProcessNamespace) are looked at as members of its spec, after its
  // securityContext.
  bool namespaces_in_spec = true;
  // The volume source `image` of a pod template needs a reference; a stored template without one may stay so.
  bool requires_image_reference = true;
  // A container of a stored template that adds CAP_SYS_ADMIN and does not allow privilege escalation lets its template
  // go on doing so.
  bool keeps_sys_admin = true;
};

[[nodiscard]] const ServerBehaviour& BehaviourOf(model::KubernetesVersion version);

}  // namespace reprieve::admission
