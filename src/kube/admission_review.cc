#include "kube/admission_review.h"

#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "base/text.h"
#include "document/json.h"

namespace reprieve::kube {
namespace {

using document::Value;

// Of one object 3 MiB are taken by an API server, and an update brings two.
constexpr std::size_t kMaxReview = std::size_t{8} << 20;

Value Text(std::string_view text) {
  return Value::String(std::string(text));
}

}  // namespace

Result<AdmissionRequest> ReadAdmissionReview(std::string_view body) {
  if (body.size() > kMaxReview) return Error{"the AdmissionReview has more than 8 MiB"};
  auto parsed = document::ParseJson(body);
  if (!parsed) return Error{Cat("the body is no JSON: ", parsed.error().message)};
  Value& review = *parsed;
  if (review["kind"].AsText() != "AdmissionReview" || review["apiVersion"].AsText() != "admission.k8s.io/v1") {
    return Error{"the body is no AdmissionReview of admission.k8s.io/v1"};
  }
  Value* request = review.Find("request");
  if (request == nullptr || !(*request)["uid"].IsString() || (*request)["uid"].AsText().empty()) {
    return Error{"the AdmissionReview has no request with a uid"};
  }
  AdmissionRequest out;
  out.uid = (*request)["uid"].AsText();
  out.operation = (*request)["operation"].AsText();
  out.namespace_ = (*request)["namespace"].AsText();
  // It becomes a part of paths.
  const auto in_name = [](char c) { return IsDigit(c) || IsLower(c) || c == '-'; };
  if (!std::all_of(out.namespace_.begin(), out.namespace_.end(), in_name)) {
    return Error{"the AdmissionReview's namespace is no name of one"};
  }
  if (Value* object = request->Find("object")) out.object = std::move(*object);
  if (Value* object = request->Find("oldObject")) out.old_object = std::move(*object);
  const bool has_object = out.operation == "DELETE" || out.operation == "CONNECT" || out.object.IsObject();
  if (!has_object || (out.operation == "UPDATE" && !out.old_object.IsObject())) {
    return Error{"the AdmissionReview's request lacks the object"};
  }
  return out;
}

std::string WriteAdmissionReview(const std::string& uid, const AdmissionResponse& response) {
  Value body = Value::MakeObject();
  body.Set("apiVersion", Text("admission.k8s.io/v1"));
  body.Set("kind", Text("AdmissionReview"));
  Value& out = body.Set("response", Value::MakeObject());
  out.Set("uid", Text(uid));
  out.Set("allowed", Value::Bool(response.allowed));
  if (!response.allowed) {
    Value& status = out.Set("status", Value::MakeObject());
    status.Set("status", Text("Failure"));
    status.Set("message", Text(response.message));
    if (!response.reason.empty()) status.Set("reason", Text(response.reason));
    if (response.details.IsObject()) status.Set("details", response.details);
    status.Set("code", Value::Int(response.code));
  } else if (response.patch.IsArray() && response.patch.size() > 0) {
    out.Set("patchType", Text("JSONPatch"));
    out.Set("patch", Text(EncodeBase64(document::WriteJson(response.patch))));
  }
  return document::WriteJson(body);
}

AdmissionResponse Denied(std::string message) {
  AdmissionResponse out;
  out.allowed = false;
  out.code = 403;
  out.reason = "Forbidden";
  out.message = std::move(message);
  return out;
}

AdmissionResponse Denied(const admission::Answer& answer, std::string_view group, std::string_view kind,
                         const std::string& name) {
  AdmissionResponse out;
  out.allowed = false;
  out.code = answer.code;
  out.reason = answer.reason;
  out.message = answer.message;
  if (answer.causes.empty()) return out;
  out.details = Value::MakeObject();
  if (!name.empty()) out.details.Set("name", Text(name));
  out.details.Set("group", Text(group));
  out.details.Set("kind", Text(kind));
  Value& causes = out.details.Set("causes", Value::MakeArray());
  for (const admission::Cause& cause : answer.causes) {
    Value each = Value::MakeObject();
    each.Set("reason", Text(cause.reason));
    each.Set("message", Text(cause.message));
    each.Set("field", Text(cause.field));
    causes.Append(std::move(each));
  }
  return out;
}

}  // namespace reprieve::kube
