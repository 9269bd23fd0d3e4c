#include <algorithm>
#include <array>
#include <map>

#include "admission/validation/pod_parts.h"
#include "base/text.h"
#include "model/decode.h"
#include "model/quantity.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::array<std::string_view, 20> kStandardResources = {"cpu",
                                                                 "memory",
                                                                 "ephemeral-storage",
                                                                 "requests.cpu",
                                                                 "requests.memory",
                                                                 "requests.ephemeral-storage",
                                                                 "limits.cpu",
                                                                 "limits.memory",
                                                                 "limits.ephemeral-storage",
                                                                 "pods",
                                                                 "resourcequotas",
                                                                 "services",
                                                                 "replicationcontrollers",
                                                                 "secrets",
                                                                 "configmaps",
                                                                 "persistentvolumeclaims",
                                                                 "storage",
                                                                 "requests.storage",
                                                                 "services.nodeports",
                                                                 "services.loadbalancers"};

bool IsHugePages(std::string_view name) {
  return name.starts_with("hugepages-");
}
bool HasDomain(std::string_view name) {
  return name.find('/') != std::string_view::npos;
}
// Without a domain, or of kubernetes.io.
bool IsNative(std::string_view name) {
  return !HasDomain(name) || name.find("kubernetes.io/") != std::string_view::npos;
}
bool IsExtended(std::string_view name) {
  return !IsNative(name) && !name.starts_with("requests.") && QualifiedNameFaults(Cat("requests.", name)).empty();
}
bool MayOvercommit(std::string_view name) {
  return IsNative(name) && !IsHugePages(name);
}
bool IsCpuOrMemory(std::string_view name) {
  return name == "cpu" || name == "memory";
}

bool IsStandard(std::string_view name) {
  return std::find(kStandardResources.begin(), kStandardResources.end(), name) != kStandardResources.end() ||
         IsHugePages(name) || name.starts_with("requests.hugepages-");
}

bool IsForContainers(std::string_view name) {
  return IsCpuOrMemory(name) || name == "ephemeral-storage" || IsHugePages(name);
}

enum class Holder : std::uint8_t { kContainer, kPod };

void ValidateName(Holder holder, const std::string& name, const FieldPath& path, FieldErrors& errors) {
  const Faults faults = QualifiedNameFaults(name);
  AddFaults(faults, path, name, errors);
  if (holder == Holder::kPod) {
    if (!faults.empty()) return;
    if (!HasDomain(name) && !IsStandard(name)) {
      errors.Invalid(path, Shown(name), "must be a standard resource type or fully qualified");
    } else if (!IsCpuOrMemory(name) && !IsHugePages(name)) {
      errors.NotSupported(path, name, {"cpu", "hugepages-", "memory"});
    }
  } else if (!HasDomain(name)) {
    if (faults.empty() && !IsStandard(name)) {
      errors.Invalid(path, Shown(name), "must be a standard resource type or fully qualified");
    }
    if (!IsForContainers(name)) errors.Invalid(path, Shown(name), "must be a standard resource for containers");
  } else if (!IsNative(name) && !IsExtended(name)) {
    errors.Invalid(path, Shown(name), "doesn't follow extended resource name standard");
  }
}

model::Quantity Read(const Value& value) {
  auto quantity = model::Quantity::Parse(value.AsText());
  return quantity.ok() ? std::move(*quantity) : model::Quantity();
}

void ValidateAmount(const std::string& name, const model::Quantity& amount, const FieldPath& path,
                    FieldErrors& errors) {
  if (amount.Sign() < 0) errors.Invalid(path, Shown(amount.text()), "must be greater than or equal to 0");
  if (IsExtended(name) && !amount.IsWhole()) errors.Invalid(path, Shown(amount.text()), "must be an integer");
  if (!IsHugePages(name)) return;
  const auto page = model::Quantity::Parse(std::string_view(name).substr(std::string_view("hugepages-").size()));
  const bool divides = page.ok() && (*page).Sign() > 0 && (*page).IsWhole() && amount.IsMultipleOf(*page);
  if (divides) return;
  errors.Invalid(path, Shown(amount.text()), Cat(amount.text(), " is not positive integer multiple of ", name));
}

std::map<std::string, const Value*> Sorted(const Value& list) {
  std::map<std::string, const Value*> out;
  for (const auto& member : list.members()) out[member.key] = &member.value;
  return out;
}

void ValidateClaimNames(const Value& claims, const Names& known, const FieldPath& path, FieldErrors& errors) {
  Names seen;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    const std::string& name = claims[i]["name"].AsText();
    const std::string& request = claims[i]["request"].AsText();
    if (name.empty()) {
      errors.Required(path[i]);
      continue;
    }
    const std::string key = request.empty() ? name : Cat(name, "/", request);
    if (!seen.insert(key).second) errors.Duplicate(path[i], Shown(key));
    if (known.contains(name)) continue;
    const std::vector<std::string> names(known.begin(), known.end());
    errors.NotFound(path[i], Shown(name),
                    Cat("must be one of the names in pod.spec.resourceClaims",
                        known.empty() ? std::string(" which is empty") : Cat(": ", Join(names, ", "))));
  }
}

void ValidateResourcesOf(Holder holder, const Value& resources, const Names& claims, const FieldPath& path,
                         FieldErrors& errors) {
  const Value& limits = resources["limits"];
  bool huge_pages = false;
  bool base = false;
  for (const auto& [name, value] : Sorted(limits)) {
    const FieldPath at = (path / "limits").Key(name);
    ValidateName(holder, name, at, errors);
    ValidateAmount(name, Read(*value), at, errors);
    huge_pages = huge_pages || IsHugePages(name);
    base = base || IsCpuOrMemory(name);
  }
  for (const auto& [name, value] : Sorted(resources["requests"])) {
    const FieldPath at = (path / "requests").Key(name);
    const model::Quantity amount = Read(*value);
    ValidateName(holder, name, at, errors);
    ValidateAmount(name, amount, at, errors);
    huge_pages = huge_pages || IsHugePages(name);
    base = base || IsCpuOrMemory(name);
    if (const Value* limit = limits.Find(name)) {
      const model::Quantity most = Read(*limit);
      if (!MayOvercommit(name) && !(amount == most)) {
        errors.Invalid(path / "requests", Shown(amount.text()),
                       Cat("must be equal to ", name, " limit of ", most.text()));
      } else if (amount > most) {
        errors.Invalid(path / "requests", Shown(amount.text()),
                       Cat("must be less than or equal to ", name, " limit of ", most.text()));
      }
    } else if (!MayOvercommit(name)) {
      errors.Required(path / "limits", "Limit must be set for non overcommitable resources");
    }
  }
  if (huge_pages && !base) errors.Forbidden(path, "HugePages require cpu or memory");
  ValidateClaimNames(resources["claims"], claims, path / "claims", errors);
}

}  // namespace

void ValidateResources(const Value& resources, const Names& claims, const FieldPath& path, FieldErrors& errors) {
  ValidateResourcesOf(Holder::kContainer, resources, claims, path, errors);
}

void ValidatePodResources(const PodContext& pod, const FieldPath& path, FieldErrors& errors) {
  const Value& resources = pod.spec["resources"];
  if (resources.IsNull()) return;
  if (pod.spec["os"]["name"].AsText() == "windows") return errors.Forbidden(path, "may not be set for a windows pod");
  if (!resources["claims"].IsNull()) {
    errors.Forbidden(path / "claims", "claims may not be set for Resources at pod-level");
  }
  ValidateResourcesOf(Holder::kPod, resources, pod.claims, path, errors);
  for (const auto& [name, value] : Sorted(resources["requests"])) {
    model::Quantity needed;
    for (const Value& container : pod.spec["containers"].items()) {
      const Value& own = container["resources"]["requests"][name];
      if (!own.IsNull()) needed += Read(own);
    }
    const model::Quantity amount = Read(*value);
    if (needed > amount) {
      errors.Invalid((path / "requests").Key(name), Shown(amount.text()),
                     Cat("must be greater than or equal to aggregate container requests of ", needed.text()));
    }
  }
  const Value& containers = pod.spec["containers"];
  for (std::size_t i = 0; i < containers.size(); ++i) {
    for (const auto& [name, value] : Sorted(containers[i]["resources"]["limits"])) {
      const Value* most = resources["limits"].Find(name);
      if (most == nullptr || !(Read(*value) > Read(*most))) continue;
      errors.Invalid((path / "containers")[i].Key(name) / "limits", Shown(Read(*value).text()),
                     Cat("must be less than or equal to pod limits of ", Read(*most).text()));
    }
  }
}

void ValidateResourceClaims(const Value& claims, const FieldPath& path, FieldErrors& errors) {
  const model::Message& message = model::GetMessage("core/v1.PodResourceClaim");
  Names seen;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    const Value& claim = claims[i];
    const std::string& name = claim["name"].AsText();
    if (name.empty()) {
      errors.Required(path[i] / "name");
    } else if (!seen.insert(name).second) {
      errors.Duplicate(path[i] / "name", Shown(name));
    } else {
      AddFaults(DnsLabelFaults(name), path[i] / "name", name, errors);
    }
    const Value& by_name = claim["resourceClaimName"];
    const Value& by_template = claim["resourceClaimTemplateName"];
    if (!by_name.IsNull() && !by_template.IsNull()) {
      errors.Invalid(path[i], model::Dump(&claim, message),
                     "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified");
    }
    if (by_name.IsNull() && by_template.IsNull()) {
      errors.Invalid(path[i], model::Dump(&claim, message),
                     "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`");
    }
    for (const std::string_view member : {"resourceClaimName", "resourceClaimTemplateName"}) {
      const Value& target = claim[member];
      if (!target.IsNull()) AddFaults(DnsSubdomainFaults(target.AsText()), path[i] / member, target.AsText(), errors);
    }
  }
}

}  // namespace reprieve::admission
