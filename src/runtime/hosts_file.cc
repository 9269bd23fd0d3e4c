#include "runtime/hosts_file.h"

#include "base/text.h"

namespace reprieve::runtime {

std::string HostsFile(const PodSandboxSpec& spec) {
  std::string text =
      "# Written by Reprieve for this pod.\n"
      "127.0.0.1\tlocalhost\n"
      "::1\tlocalhost ip6-localhost ip6-loopback\n";
  if (!spec.hostname.empty()) {
    AppendTo(text, spec.address.empty() ? "127.0.0.1" : spec.address, "\t", spec.hostname, "\n");
  }
  for (const HostsEntry& entry : spec.hosts) AppendTo(text, entry.address, "\t", Join(entry.names, "\t"), "\n");
  return text;
}

}  // namespace reprieve::runtime
