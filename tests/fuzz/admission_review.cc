// Any bytes are an AdmissionReview or one clear error; whatever it asks is answered, and a patch is one that applies.
#include "kube/admission_review.h"

#include <cstdlib>
#include <memory>
#include <string>

#include "admission/patch.h"
#include "base/base64.h"
#include "document/json.h"
#include "kube/decode.h"
#include "kube/webhooks.h"
#include "world/local_clock.h"

namespace {

using namespace reprieve;

constexpr const char* kPaths[] = {"/mutate-jobset-x-k8s-io-v1alpha2-jobset",
                                  "/validate-jobset-x-k8s-io-v1alpha2-jobset", "/mutate--v1-pod", "/validate--v1-pod",
                                  "/mutate-batch-v1-job"};

// A patch that does not fit its object would be the API server's refusal of everything.
void CheckPatch(const document::Value& response, const document::Value& object) {
  if (response["patch"].IsNull()) return;
  const auto text = DecodeBase64(response["patch"].AsText());
  if (!text) std::abort();
  const auto patch = document::ParseJson(*text);
  if (!patch.ok()) std::abort();
  if (!std::holds_alternative<document::Value>(admission::JsonPatch(object, *patch))) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  net::Loop loop;
  const world::LocalClock clock;
  kube::Access access;
  access.server = *net::ParseUrl("http://127.0.0.1:1");
  auto rest = std::move(kube::Rest::Make(loop, clock, access, {})).value();
  const kube::LeaderPods leaders;
  kube::Decoder decoder;
  const kube::Cache<core::Node> nodes([&](document::JsonCursor& in) { return decoder.Node(in); }, [] {});
  kube::Webhooks webhooks(*rest, leaders, nodes, {});
  net::Request request;
  request.method = "POST";
  request.body.assign(reinterpret_cast<const char*>(data), size);
  const auto review = kube::ReadAdmissionReview(request.body);
  for (const char* path : kPaths) {
    request.target = path;
    webhooks.Serve(request, [&](const net::Response& response) {
      if (review.ok() != (response.status == 200)) std::abort();
      if (!review.ok()) return;
      const auto body = document::ParseJson(response.body);
      if (!body.ok() || (*body)["response"]["uid"].AsText() != review->uid) std::abort();
      CheckPatch((*body)["response"], review->object);
    });
  }
  return 0;
}
