#include "node/pod_addresses.h"

#include <utility>
#include <vector>

#include "base/text.h"

namespace reprieve::node {
namespace {

std::vector<runtime::HostsEntry> AliasesOf(const core::PodSpec& spec) {
  std::vector<runtime::HostsEntry> out;
  for (const core::Value& alias : spec.rest["hostAliases"].items()) {
    runtime::HostsEntry& entry = out.emplace_back();
    entry.address = alias["ip"].AsText();
    for (const core::Value& name : alias["hostnames"].items()) entry.names.push_back(name.AsText());
  }
  return out;
}

}  // namespace

PodAddresses::PodAddresses(PodAddressOptions options)
    : options_(std::move(options)),
      names_(options_.names_directory, options_.networks ? options_.networks->claim : runtime::AddressBlock::Claim,
             options_.names_library.empty() ? kubelet::PodNames::Reader::kEtcHosts
                                            : kubelet::PodNames::Reader::kLibrary) {}

void PodAddresses::Assign(PodRecord& record) {
  if (!record.pod->hostname.empty() && !record.spec->subdomain.empty()) {
    record.name = kubelet::PodNames::Name{record.reference.namespace_.str(), record.spec->subdomain,
                                          std::string(record.pod->Hostname())};
  }
  const auto& networks = options_.networks;
  const bool joins = record.name || !options_.only_names_on_network;
  const bool connected = networks && (record.in_images ? !networks->images.empty() : networks->processes != nullptr);
  record.on_network = connected && joins && !record.spec->rest["hostNetwork"].AsBool();
  if (record.on_network) {
    record.host_address = networks->machine_address;
    record.address = record.name ? names_.AddressOf(*record.name) : names_.TakeAddress();
  } else if (record.name && networks) {
    record.host_address = networks->machine_address;
    record.address = names_.AddressOf(*record.name, record.host_address);
  } else if (record.name) {
    record.address = names_.AddressOf(*record.name);
  }
}

Status PodAddresses::Describe(const PodRecord& record, runtime::PodSandboxSpec& sandbox) {
  if (record.name) {
    if (auto published = Publish(record); !published) return published;
    std::string aliases;
    for (const runtime::HostsEntry& entry : AliasesOf(*record.spec)) {
      AppendTo(aliases, entry.address, "\t", Join(entry.names, "\t"), "\n");
    }
    auto hosts = names_.HostsFile(record.reference.namespace_.str(), aliases);
    if (!hosts) return hosts.error();
    sandbox.hosts_path = std::move(*hosts);
  } else {
    sandbox.hosts.push_back({record.address, {record.hostname}});
    // The short name is found too where the program sees the full one.
    if (const std::size_t dot = record.hostname.find('.'); dot != std::string::npos) {
      sandbox.hosts.back().names.push_back(record.hostname.substr(0, dot));
    }
    for (runtime::HostsEntry& entry : AliasesOf(*record.spec)) sandbox.hosts.push_back(std::move(entry));
  }
  if (record.on_network) {
    sandbox.address = record.address;
    if (record.in_images) {
      sandbox.engine_network = options_.networks->images;
    } else {
      sandbox.network = options_.networks->processes;
    }
  }
  return Ok();
}

std::optional<kubelet::NamesByLibrary> PodAddresses::LibraryFor(const PodRecord& record) const {
  if (!record.name || options_.names_library.empty()) return std::nullopt;
  return kubelet::NamesByLibrary{options_.names_library, names_.PathOf(record.name->namespace_)};
}

Status PodAddresses::Publish(const PodRecord& record) {
  if (!record.name) return Ok();
  const bool there = record.pod != nullptr && !record.pod->IsTerminal();
  return there ? names_.Set(*record.name, record.number, IsPublished(record))
               : names_.Remove(*record.name, record.number);
}

bool PodAddresses::IsPublished(const PodRecord& record) const {
  const auto at = services_.find({record.name->namespace_, record.name->subdomain});
  if (at == services_.end() || !at->second->headless() || !at->second->Selects(record.pod->metadata.labels)) {
    return false;
  }
  return at->second->spec.publish_not_ready_addresses || (record.pod->IsReady() && !record.pod->metadata.deleting());
}

void PodAddresses::Release(PodRecord& record) {
  if (record.name) {
    [[maybe_unused]] const Status removed = names_.Remove(*record.name, record.number);
  } else if (record.on_network) {
    names_.GiveBack(std::move(record.address));
  }
}

void PodAddresses::ServiceChanged(const core::Service& service) {
  services_[meta::KeyOf(service.metadata)] = &service;
}

void PodAddresses::ServiceDeleted(const core::Service& service) {
  services_.erase(meta::KeyOf(service.metadata));
}

bool PodAddresses::DependsOn(const PodRecord& record, const core::Service& service) {
  return record.name && record.name->namespace_ == service.metadata.namespace_ &&
         record.name->subdomain == service.metadata.name;
}

}  // namespace reprieve::node
