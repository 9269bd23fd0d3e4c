// Ranges of IP addresses, and addresses of a special kind. Each function gives what is wrong, in the API server's
// words; nothing means valid.
//
// Source: RFC 4632, RFC 4291; answers in tests/vectors/services.yaml. Pure; safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "admission/validation/names.h"

namespace reprieve::admission {

// 10.9.8.0/24
Faults CidrFaults(std::string_view text);

// Of an address that traffic comes to. REQUIRES: IpFaults finds nothing.
Faults SpecialAddressFaults(const std::string& address);

}  // namespace reprieve::admission
