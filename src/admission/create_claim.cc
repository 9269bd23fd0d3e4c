// PersistentVolumeClaims, as a server takes them that has no storage class to fill in.
#include "admission/admission_kinds.h"
#include "admission/create_strategy.h"
#include "admission/default.h"
#include "admission/server_behaviour.h"
#include "admission/validation/claim.h"
#include "admission/warnings.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr CreateRules kRules = {
    .kind = {{"PersistentVolumeClaim", "PersistentVolumeClaim", "persistentvolumeclaims", "persistentvolumeclaims"},
             "",
             "v1",
             "core/v1.PersistentVolumeClaim"},
    .set_defaults = DefaultClaim,
    .prepare =
        [](Value& claim) {
          claim.Set("status", Value::MakeObject());
          UnifyDataSources(claim.At("spec"));
        },
    .validate = [](const Value& claim, const Request& request,
                   FieldErrors& errors) { ValidateClaimCreate(claim, BehaviourOf(request.version), errors); },
    .warnings = ClaimWarnings,
};

}  // namespace

Answer CreateClaim(const Value& body, const Request& request) {
  return CreateByRules(kRules, body, request);
}

}  // namespace reprieve::admission
