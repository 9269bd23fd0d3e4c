// Kinds that a folder of manifests has beside Jobs, and that are not ours to run: what plays no part on one machine,
// and servers that programs may miss.
//
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace reprieve::cli {

enum class OtherKind : std::uint8_t {
  kNo,      // one of ours, perhaps misspelt, or of a group that it does not belong to
  kIdle,    // nothing of it is needed where there is no cluster
  kServer,  // it runs pods on a cluster, and here it does not
};
OtherKind OtherKindOf(std::string_view version, std::string_view kind);

// Deployment, Deployments
std::string CountedKind(std::string_view kind, std::size_t count);

}  // namespace reprieve::cli
