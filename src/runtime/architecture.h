// Which images' programs this machine can run, by the names that images have for processors: amd64, arm64.
//
// Source: the OCI image specification, which takes Go's names; binfmt_misc of the kernel. Safe from any thread.
#pragma once

#include <string>
#include <string_view>

namespace reprieve::runtime {

// This machine's own; as the kernel calls it if images have no name for it.
std::string MachineArchitecture();

// Natively, or by an emulator that the kernel has been told of. An image that names none may be tried.
bool MachineRuns(std::string_view architecture);

}  // namespace reprieve::runtime
