// AdmissionReview v1: what an API server asks of a webhook, and the answer.
//
// Source: Kubernetes' documentation of dynamic admission control. Nothing of the objects is in an error. Pure; safe
// from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admission/admission.h"
#include "base/result.h"
#include "document/value.h"

namespace reprieve::kube {

struct AdmissionRequest {
  std::string uid;
  std::string operation;  // CREATE, UPDATE, DELETE, CONNECT
  std::string namespace_;
  document::Value object;      // null on DELETE
  document::Value old_object;  // null on CREATE
};

struct AdmissionResponse {
  bool allowed = true;
  document::Value patch;  // a JSON patch; null or empty: nothing changes
  // Where it is not allowed.
  int code = 0;
  std::string reason;
  std::string message;
  document::Value details;
};

// An error: it is no AdmissionReview of that version with a request, or larger than any.
Result<AdmissionRequest> ReadAdmissionReview(std::string_view body);
std::string WriteAdmissionReview(const std::string& uid, const AdmissionResponse& response);

// 403 Forbidden, as controller-runtime denies.
AdmissionResponse Denied(std::string message);
// What is wrong with an object of that kind, with its causes.
AdmissionResponse Denied(const admission::Answer& answer, std::string_view group, std::string_view kind,
                         const std::string& name);

}  // namespace reprieve::kube
