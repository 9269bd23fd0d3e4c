// Services, as a server takes them: addresses and node ports are given out first, then the rest is looked at. What is
// given out stays open here.
#include "admission/admission_kinds.h"
#include "admission/create_strategy.h"
#include "admission/default.h"
#include "admission/server_behaviour.h"
#include "admission/validation/service.h"
#include "admission/warnings.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr CreateRules kRules = {
    .kind = {{"Service", "Service", "services", "services/specs"}, "", "v1", "core/v1.Service"},
    .set_defaults = DefaultService,
    .allocate =
        [](Value& service, FieldErrors& errors) {
          DefaultServiceAddresses(service.At("spec"));
          ValidateServiceAllocation(service, errors);
        },
    .prepare = [](Value& service) { service.Set("status", Value::MakeObject()); },
    .validate = [](const Value& service, const Request& request,
                   FieldErrors& errors) { ValidateServiceCreate(service, BehaviourOf(request.version), errors); },
    .warnings = ServiceWarnings,
};

}  // namespace

Answer CreateService(const Value& body, const Request& request) {
  return CreateByRules(kRules, body, request);
}

}  // namespace reprieve::admission
