// Addresses and node ports of a Service that is created.
#include <algorithm>
#include <cstddef>
#include <map>
#include <set>

#include "admission/validation/names.h"
#include "admission/validation/pod_parts.h"
#include "admission/validation/service.h"
#include "base/text.h"
#include "document/json.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::int64_t kFirstNodePort = 30000;
constexpr std::int64_t kLastNodePort = 32767;
constexpr std::size_t kMaxAddresses = 2;
constexpr std::string_view kNone = "None";

bool IsIpv6(const std::string& address) {
  return address.find(':') != std::string::npos;
}

void ValidateSameFirstAddress(const Value& spec, const FieldPath& path, FieldErrors& errors) {
  const std::string& address = spec["clusterIP"].AsText();
  const Value& all = spec["clusterIPs"];
  if (address.empty()) {
    if (all.size() > 0) {
      errors.Invalid(path, document::WriteJson(all), "must be empty when `clusterIP` is not specified");
    }
  } else if (all.size() == 0) {
    errors.Required(path);
  } else if (all[0].AsText() != address) {
    errors.Invalid(path, document::WriteJson(all), "first value must match `clusterIP`");
  }
}

void ValidateFamilies(const Value& families, const FieldPath& path, FieldErrors& errors) {
  Names seen;
  for (std::size_t i = 0; i < families.size(); ++i) {
    ValidateOptionalChoice(families[i], {"IPv4", "IPv6"}, path[i], errors);
    if (!seen.insert(families[i].AsText()).second) errors.Duplicate(path[i], Shown(families[i].AsText()));
  }
}

// False: something is wrong with an address, and nothing else can be said of them.
bool ValidateEachAddress(const Value& all, const FieldPath& path, FieldErrors& errors) {
  bool valid = true;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string& address = all[i].AsText();
    if (i == 0 && address == kNone) {
      if (all.size() > 1) {
        valid = false;
        errors.Invalid(path, document::WriteJson(all), "'None' must be the first and only value");
      }
      continue;
    }
    const Faults faults = IpFaults(address);
    AddFaults(faults, path[i], address, errors);
    valid = valid && faults.empty();
  }
  if (all.size() > kMaxAddresses) errors.Invalid(path, document::WriteJson(all), "may only hold up to 2 values");
  return valid;
}

void ValidateFamiliesOfAddresses(const Value& spec, const FieldPath& path, FieldErrors& errors) {
  const Value& all = spec["clusterIPs"];
  const Value& families = spec["ipFamilies"];
  const auto is_v6 = [](const Value& address) { return IsIpv6(address.AsText()); };
  const auto v6 = std::count_if(all.items().begin(), all.items().end(), is_v6);
  if (all.size() > 1 && (v6 == 0 || v6 == static_cast<std::ptrdiff_t>(all.size()))) {
    errors.Invalid(path, document::WriteJson(all), "may specify no more than one IP for each IP family");
  }
  if (all[0].AsText() == kNone) return;
  for (std::size_t i = 0; i < all.size() && i < families.size(); ++i) {
    const std::string& family = families[i].AsText();
    if (family != "IPv4" && family != "IPv6") continue;
    if ((family == "IPv6") == IsIpv6(all[i].AsText())) continue;
    errors.Invalid(path[i], Shown(all[i].AsText()),
                   Cat("expected an ", family, " value as indicated by `ipFamilies[", i, "]`"));
  }
}

void ValidateAddresses(const Value& spec, const FieldPath& path, FieldErrors& errors) {
  const FieldPath all = path / "clusterIPs";
  ValidateSameFirstAddress(spec, all, errors);
  ValidateFamilies(spec["ipFamilies"], path / "ipFamilies", errors);
  ValidateOptionalChoice(spec["ipFamilyPolicy"], {"PreferDualStack", "RequireDualStack", "SingleStack"},
                         path / "ipFamilyPolicy", errors);
  if (ValidateEachAddress(spec["clusterIPs"], all, errors)) ValidateFamiliesOfAddresses(spec, all, errors);
}

void ValidateSingleStack(const Value& spec, const FieldPath& path, FieldErrors& errors) {
  if (spec["ipFamilyPolicy"].AsText() != "SingleStack") return;
  const auto refuse = [&](std::string_view what) {
    errors.Invalid(path / "ipFamilyPolicy", Shown("SingleStack"),
                   Cat("must be 'RequireDualStack' or 'PreferDualStack' when multiple ", what, " are specified"));
  };
  if (spec["clusterIPs"].size() == kMaxAddresses) refuse("cluster IPs");
  if (spec["ipFamilies"].size() == kMaxAddresses) refuse("IP families");
}

// Node ports as they are given out, in the order of the ports.
class NodePorts {
 public:
  NodePorts(const Value& ports, FieldErrors& errors) : ports_(ports), errors_(errors) {}

  // The first that can't be had is the only one that is said.
  void Allocate() {
    for (std::size_t i = 0; i < ports_.size() && errors_.empty(); ++i) AllocateFor(i);
  }

 private:
  void AllocateFor(std::size_t index) {
    const std::int64_t port = ports_[index]["port"].AsInt();
    const std::int64_t own = ports_[index]["nodePort"].AsInt();
    // Ports of one number share a node port, whatever their protocols.
    const auto [shared, is_first] = of_port_.try_emplace(port, Requested(port));
    const std::int64_t wanted = is_first ? shared->second : own;
    if (wanted == 0 || (!is_first && wanted == shared->second)) return;
    std::string_view why;
    if (wanted < kFirstNodePort || wanted > kLastNodePort) {
      why = "provided port is not in the valid range. The range of valid ports is 30000-32767";
    } else if (!taken_.insert(wanted).second) {
      why = "provided port is already allocated";
    }
    if (!why.empty()) errors_.Invalid(FieldPath("spec.ports")[index] / "nodePort", Shown(wanted), why);
  }

  std::int64_t Requested(std::int64_t number) const {
    for (const Value& port : ports_.items()) {
      if (port["port"].AsInt() == number && port["nodePort"].AsInt() != 0) return port["nodePort"].AsInt();
    }
    return 0;
  }

  const Value& ports_;
  FieldErrors& errors_;
  std::map<std::int64_t, std::int64_t> of_port_;
  std::set<std::int64_t> taken_;
};

}  // namespace

void ValidateServiceAllocation(const Value& service, FieldErrors& errors) {
  const FieldPath path("spec");
  const Value& spec = service["spec"];
  const std::string& type = spec["type"].AsText();
  if (type == "ExternalName") return;
  ValidateAddresses(spec, path, errors);
  if (!errors.empty()) return;
  ValidateSingleStack(spec, path, errors);
  if (!errors.empty()) return;
  if (type == "NodePort" || type == "LoadBalancer") NodePorts(spec["ports"], errors).Allocate();
}

}  // namespace reprieve::admission
