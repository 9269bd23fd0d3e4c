#include "kube/pod_body.h"

#include <string_view>
#include <utility>

#include "base/text.h"
#include "document/json.h"
#include "model/bind.h"

namespace reprieve::kube {
namespace {

using document::Value;

// Takes the member out.
std::string Take(Value& object, std::string_view name) {
  std::string out(object[name].AsText());
  object.Remove(name);
  return out;
}

}  // namespace

void PodBodies::Know(const std::shared_ptr<const core::PodSpec>& spec) {
  if (spec_ == spec) return;
  Value value = model::ToValue(spec);
  hostname_ = Take(value, "hostname");
  node_name_ = Take(value, "nodeName");
  const std::string text = document::WriteJson(value);
  text_ = text.substr(1, text.size() - 2);
  spec_ = spec;
}

std::string PodBodies::Of(const core::Pod& pod) {
  Know(pod.spec);
  std::string out = R"({"apiVersion":"v1","kind":"Pod","metadata":)";
  out += document::WriteJson(meta::ToValue(pod.metadata));
  out += R"(,"spec":{)";
  out += text_;
  const auto add = [&out](std::string_view name, std::string_view own, std::string_view shared) {
    const std::string_view text = own.empty() ? shared : own;
    if (text.empty()) return;
    AppendTo(out, out.back() == '{' ? "\"" : ",\"", name, "\":");
    document::AppendJsonString(out, text);
  };
  add("hostname", pod.Hostname(), hostname_);
  add("nodeName", pod.node_name, node_name_);
  out += "}}";
  return out;
}

}  // namespace reprieve::kube
