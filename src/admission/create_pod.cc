// Pods that stand for themselves, as a server with its usual admission plugins takes them but for the service account.
#include "admission/admission_kinds.h"
#include "admission/create_strategy.h"
#include "admission/default.h"
#include "admission/server_behaviour.h"
#include "admission/validation/pod_create.h"
#include "admission/warnings.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr CreateRules kRules = {
    .kind = {{"Pod", "Pod", "pods", "pods"}, "", "v1", "core/v1.Pod"},
    .set_defaults = DefaultPod,
    .prepare =
        [](Value& pod) {
          pod.Set("status", Value::MakeObject());
          DropDisabledFields(pod);
        },
    .validate = [](const Value& pod, const Request& request,
                   FieldErrors& errors) { ValidatePodCreate(pod, BehaviourOf(request.version), errors); },
    .warnings = PodWarnings,
};

}  // namespace

Answer CreatePod(const Value& body, const Request& request) {
  return CreateByRules(kRules, body, request);
}

}  // namespace reprieve::admission
