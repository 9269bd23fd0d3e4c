#include "admission/server_behaviour.h"

namespace reprieve::admission {

namespace {

constexpr ServerBehaviour k1_37;

constexpr ServerBehaviour k1_36 = {
    .lists_a_cause_once = false,
    .updates_like_a_create = true,
    .numbers_owners = false,
    .namespaces_in_spec = false,
    .requires_image_reference = false,
    .keeps_sys_admin = false,
};

}  // namespace

const ServerBehaviour& BehaviourOf(model::KubernetesVersion version) {
  return version >= model::KubernetesVersion{37} ? k1_37 : k1_36;
}

}  // namespace reprieve::admission
