#include "kubelet/downward.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace reprieve::kubelet {
namespace {

// metadata.labels['key'] gives key.
std::optional<std::string_view> Subscript(std::string_view path, std::string_view field) {
  if (!path.starts_with(field)) return std::nullopt;
  path.remove_prefix(field.size());
  if (path.size() < 4 || !path.starts_with("['") || !path.ends_with("']")) return std::nullopt;
  return path.substr(2, path.size() - 4);
}

std::string TextOf(const SharedString* value) {
  return value == nullptr ? std::string() : value->str();
}

// As Go quotes a text.
std::string GoQuoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
      case '\\':
        AppendTo(out, '\\', c);
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        out.push_back(c);
    }
  }
  return out + "\"";
}

std::string LinesOf(const meta::Labels& labels) {
  std::vector<std::string> lines;
  for (const auto& [key, value] : labels.All()) lines.push_back(Cat(key, "=", GoQuoted(value.view())));
  std::sort(lines.begin(), lines.end());
  return Join(lines, "\n");
}

const core::Container* FindContainer(const core::PodSpec& spec, const std::string& name) {
  for (const auto* containers : {&spec.containers, &spec.init_containers}) {
    for (const core::Container& container : *containers) {
      if (container.name == name) return &container;
    }
  }
  return nullptr;
}

// Rounded up to whole divisors; both in thousandths or both in units.
std::int64_t DividedUp(std::int64_t amount, std::int64_t divisor) {
  return amount / divisor + (amount % divisor > 0);
}

// A limit of 0 is none.
std::optional<std::int64_t> LimitOfContainer(const core::Container& container, const std::string& name) {
  const auto limit = scheduler::LimitOf(container, name);
  return limit && *limit > 0 ? limit : std::nullopt;
}

std::optional<std::int64_t> LimitOfPod(const core::PodSpec& spec, const std::string& name) {
  const core::Value& quantity = spec.rest["resources"]["limits"][name];
  if (quantity.IsNull()) return std::nullopt;
  const std::int64_t limit = scheduler::Amount(name, quantity.AsText());
  return limit > 0 ? std::optional(limit) : std::nullopt;
}

}  // namespace

Result<std::string> FieldOf(std::string_view path, const PodFacts& facts) {
  const meta::ObjectMeta& metadata = *facts.metadata;
  if (const auto key = Subscript(path, "metadata.labels")) return TextOf(metadata.labels.Find(*key));
  if (const auto key = Subscript(path, "metadata.annotations")) return TextOf(metadata.annotations.Find(*key));
  if (path == "metadata.labels") return LinesOf(metadata.labels);
  if (path == "metadata.annotations") return LinesOf(metadata.annotations);
  if (path == "metadata.name") return metadata.name.str();
  if (path == "metadata.namespace") return metadata.namespace_.str();
  if (path == "metadata.uid") return metadata.uid.str();
  if (path == "spec.nodeName") return facts.node == nullptr ? std::string() : facts.node->name;
  if (path == "spec.serviceAccountName") {
    const std::string& account = facts.spec->service_account_name;
    return account.empty() ? std::string("default") : account;
  }
  if (path == "status.podIP" || path == "status.podIPs") return facts.pod_ip;
  if (path == "status.hostIP" || path == "status.hostIPs") return facts.host_ip;
  return Error{Cat("fieldPath ", Quote(path), " is not supported")};
}

Result<std::string> ResourceOf(const core::ResourceFieldSelector& selector, const core::Container* self,
                               const PodFacts& facts) {
  const core::Container* container =
      selector.container_name.empty() ? self : FindContainer(*facts.spec, selector.container_name);
  if (container == nullptr) return Error{Cat("container ", selector.container_name, " not found")};
  const std::size_t dot = selector.resource.find('.');
  const std::string kind = selector.resource.substr(0, dot);
  const std::string name = dot == std::string::npos ? std::string() : selector.resource.substr(dot + 1);
  if ((kind != "limits" && kind != "requests") || name.empty()) {
    return Error{Cat("unsupported container resource : ", selector.resource)};
  }
  std::int64_t amount = 0;
  if (kind == "requests") {
    amount = scheduler::AmountOf(scheduler::RequestsOf(*container), name);
  } else if (const auto limit = LimitOfContainer(*container, name)) {
    amount = *limit;
  } else if (const auto of_pod = LimitOfPod(*facts.spec, name)) {
    amount = *of_pod;
  } else if (facts.node != nullptr) {
    amount = scheduler::AmountOf(facts.node->allocatable, name);
  }
  std::int64_t divisor = selector.divisor.empty() ? 0 : scheduler::Amount(name, selector.divisor);
  if (divisor <= 0) divisor = name == scheduler::kCpu ? 1000 : 1;
  return Cat(DividedUp(amount, divisor));
}

}  // namespace reprieve::kubelet
