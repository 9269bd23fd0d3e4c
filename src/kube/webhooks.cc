#include "kube/webhooks.h"

#include <utility>

#include "admission/admission_jobset.h"
#include "admission/json_patch_between.h"
#include "base/text.h"
#include "controllers/jobset/pod_webhooks.h"
#include "document/json.h"
#include "kube/cluster_world.h"
#include "model/decode.h"
#include "net/url.h"

namespace reprieve::kube {
namespace {

using document::Value;

constexpr std::string_view kJobSetGroup = "jobset.x-k8s.io";
// More templates than that are not looked up: each is a request, and the API server waits 10 s for all of them.
constexpr std::size_t kMostClaims = 64;

// The path of a target, with repeated slashes as one: envtest's has two.
std::string PathOf(const std::string& target) {
  std::string out;
  for (const char c : target.substr(0, target.find('?'))) {
    if (c != '/' || out.empty() || out.back() != '/') out += c;
  }
  return out;
}

// The pod as it is read; nothing: there is none.
std::optional<core::Pod> ReadPod(const AdmissionRequest& request) {
  if (!request.object["spec"].IsObject() || !request.object["metadata"].IsObject()) return std::nullopt;
  core::Pod out;
  FromValue(request.object, out);
  if (!out.spec) return std::nullopt;
  // In a review the namespace may be the request's alone.
  if (out.metadata.namespace_.empty()) out.metadata.namespace_ = request.namespace_;
  return out;
}

AdmissionResponse Unreadable(std::string message) {
  AdmissionResponse out = Denied(std::move(message));
  out.code = 400;
  out.reason = "BadRequest";
  return out;
}

}  // namespace

// A JobSet whose claims are being looked up.
struct Webhooks::Claims {
  std::shared_ptr<AdmissionRequest> request;
  Reply reply;
  std::vector<std::string> names;
  std::map<std::string, Value> found;
};

Webhooks::Webhooks(Rest& rest, const LeaderPods& leaders, const Cache<core::Node>& nodes, model::FeatureGates gates)
    : rest_(rest), leaders_(leaders), nodes_(nodes), gates_(gates) {}

void Webhooks::Serve(const net::Request& request, net::Server::Respond respond) {
  const auto plain = [&](int status, std::string text) {
    net::Response out;
    out.status = status;
    out.headers.Add("Content-Type", "text/plain; charset=utf-8");
    out.body = std::move(text) + "\n";
    respond(std::move(out));
  };
  if (request.method != "POST") return plain(405, "only POST");
  auto review = ReadAdmissionReview(request.body);
  if (!review) return plain(400, review.error().message);
  const std::string path = PathOf(request.target);
  const std::string uid = review->uid;
  const bool known = Answer(path, std::move(*review), [this, path, uid, respond](const AdmissionResponse& response) {
    ++requests_[{path, response.allowed ? 200 : response.code}];
    net::Response out;
    out.status = 200;
    out.headers.Add("Content-Type", "application/json");
    out.body = WriteAdmissionReview(uid, response);
    respond(std::move(out));
  });
  if (!known) plain(404, "there is no such webhook");
}

bool Webhooks::Answer(std::string_view path, AdmissionRequest request, Reply reply) {
  if (path == "/mutate-jobset-x-k8s-io-v1alpha2-jobset") {
    reply(MutateJobSet(request));
  } else if (path == "/validate-jobset-x-k8s-io-v1alpha2-jobset") {
    ValidateJobSet(std::make_shared<AdmissionRequest>(std::move(request)), std::move(reply));
  } else if (path == "/mutate--v1-pod" || path == "/validate--v1-pod") {
    reply(Pod(request, path.starts_with("/mutate")));
  } else if (path == "/mutate-batch-v1-job") {
    reply(MutateJob(request));
  } else {
    return false;
  }
  return true;
}

AdmissionResponse Webhooks::MutateJobSet(const AdmissionRequest& request) const {
  if (request.operation != "CREATE") return {};
  const admission::Answer answer = admission::MutateJobSet(request.object);
  if (!answer.ok()) return Denied(answer, kJobSetGroup, "JobSet", request.object["metadata"]["name"].AsText());
  AdmissionResponse out;
  out.patch = admission::JsonPatchBetween(request.object, answer.object);
  return out;
}

void Webhooks::ValidateJobSet(std::shared_ptr<AdmissionRequest> request, Reply reply) {
  if (request->operation != "CREATE" && request->operation != "UPDATE") return reply({});
  auto claims = std::make_shared<Claims>();
  claims->request = std::move(request);
  claims->reply = std::move(reply);
  const Value& object = claims->request->object;
  const std::string& name = object["metadata"]["name"].AsText();
  // With a name that is still to be generated there is no claim yet.
  if (claims->request->operation == "CREATE" && !name.empty()) {
    for (const Value& policy : object["spec"]["volumeClaimPolicies"].items()) {
      for (const Value& each : policy["templates"].items()) {
        if (claims->names.size() >= kMostClaims) break;
        claims->names.push_back(Cat(each["metadata"]["name"].AsText(), "-", name));
      }
    }
  }
  FindClaims(claims);
}

void Webhooks::FindClaims(const std::shared_ptr<Claims>& claims) {
  if (claims->names.empty()) return Validate(*claims);
  const std::string name = std::move(claims->names.back());
  claims->names.pop_back();
  Ask ask;
  ask.path = Cat("/api/v1/namespaces/", net::PercentEncode(claims->request->namespace_), "/persistentvolumeclaims/",
                 net::PercentEncode(name));
  ask.timeout = Seconds(5);
  rest_.Send(std::move(ask), [this, claims, name, alive = alive_](const Outcome& outcome) {
    if (!*alive) return;
    if (outcome.ok()) {
      if (auto claim = document::ParseJson(outcome.body); claim.ok()) claims->found[name] = std::move(*claim);
    } else if (outcome.status != 404) {
      AdmissionResponse failed = Denied(Cat("failed to check for existing PVC ", name, ": ", outcome.message));
      failed.code = 500;
      failed.reason = "InternalError";
      return claims->reply(failed);
    }
    FindClaims(claims);
  });
}

void Webhooks::Validate(const Claims& claims) {
  const AdmissionRequest& request = *claims.request;
  const bool creates = request.operation == "CREATE";
  admission::JobSetRequest options;
  options.gates = gates_;
  options.find_claim = [&](const std::string& name) {
    const auto at = claims.found.find(name);
    return at == claims.found.end() ? Value() : at->second;
  };
  const admission::Answer answer =
      admission::ValidateJobSet(request.object, creates ? nullptr : &request.old_object, options);
  claims.reply(answer.ok() ? AdmissionResponse()
                           : Denied(answer, kJobSetGroup, "JobSet", request.object["metadata"]["name"].AsText()));
}

AdmissionResponse Webhooks::Pod(const AdmissionRequest& request, bool mutate) const {
  if (request.operation != "CREATE") return {};
  std::optional<core::Pod> pod = ReadPod(request);
  if (!pod) return Unreadable("the pod has no metadata or no spec");
  controllers::PlacementLookup lookup;
  lookup.pods = [this](const SharedString& in, const std::string& base) { return leaders_.Named(in, base); };
  // Nodes belong to no namespace.
  lookup.node = [this](const std::string& name) { return nodes_.Find(meta::ObjectKey{{}, name}); };
  if (!mutate) {
    const Status valid = controllers::ValidatePod(*pod, lookup);
    return valid.ok() ? AdmissionResponse() : Denied(valid.error().message);
  }
  const Value before = ToValue(*pod);
  const Status mutated = controllers::MutatePod(*pod, lookup);
  if (!mutated.ok()) return Denied(mutated.error().message);
  AdmissionResponse out;
  out.patch = admission::JsonPatchBetween(before, ToValue(*pod));
  return out;
}

AdmissionResponse Webhooks::MutateJob(const AdmissionRequest& request) {
  AdmissionResponse out;
  if (request.operation != "CREATE" || !request.object["spec"].IsObject()) return out;
  if (!request.object["spec"]["managedBy"].IsNull()) return out;
  Value add = Value::MakeObject();
  add.Set("op", Value::String("add"));
  add.Set("path", Value::String("/spec/managedBy"));
  add.Set("value", Value::String(std::string(kJobManager)));
  out.patch = Value::MakeArray();
  out.patch.Append(std::move(add));
  return out;
}

}  // namespace reprieve::kube
