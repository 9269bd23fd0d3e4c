// The grammars of names: labels, subdomains, qualified names, ports, keys, paths. Each gives what is wrong, in the API
// server's words; nothing means valid.
//
// Source: RFC 1123; spec/job.md 1.7 and the causes in the recordings. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reprieve::admission {

using Faults = std::vector<std::string>;

Faults DnsLabelFaults(std::string_view text);
// Of a Service: begins with a letter (RFC 1035).
Faults Dns1035LabelFaults(std::string_view text);
Faults DnsSubdomainFaults(std::string_view text);
Faults DnsSubdomainWithUnderscoreFaults(std::string_view text);
// Of a label's, an annotation's or a condition's name: [prefix/]name.
Faults QualifiedNameFaults(std::string_view text);
Faults LabelValueFaults(std::string_view text);
Faults PortNameFaults(std::string_view text);
Faults PortNumberFaults(std::int64_t port);
Faults ConfigMapKeyFaults(std::string_view text);
Faults EnvVarNameFaults(std::string_view text);
Faults HttpHeaderNameFaults(std::string_view text);
Faults IpFaults(std::string_view text);
// With `prefix`, of a generateName: a trailing dash is fine.
Faults ObjectNameFaults(std::string_view text, bool prefix);
// The same for kinds whose names are DNS labels.
Faults LabelNameFaults(std::string_view text, bool prefix);

bool IsDnsLabel(std::string_view text);
bool IsDnsSubdomain(std::string_view text);
bool IsHttpPath(std::string_view text);
bool IsSysctlName(std::string_view text);

}  // namespace reprieve::admission
