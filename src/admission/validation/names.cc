#include "admission/validation/names.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace reprieve::admission {
namespace {

constexpr std::string_view kLabelFault =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an "
    "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view kSubdomainFault =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end "
    "with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr std::string_view kUnderscoreFault =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must "
    "start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')";
constexpr std::string_view kNamePart =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. "
    "'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr std::string_view kLabelValueFault =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end "
    "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
constexpr std::string_view kConfigKeyFault =
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
constexpr std::string_view kHeaderFault =
    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for "
    "validation is "
    "'[-A-Za-z0-9]+')";

bool IsLowerAlnum(char c) {
  return IsLower(c) || IsDigit(c);
}

template <class Predicate>
bool All(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

// Starts and ends with `edge`, `inner` between.
template <class Edge, class Inner>
bool Bounded(std::string_view text, Edge edge, Inner inner) {
  return !text.empty() && edge(text.front()) && edge(text.back()) && All(text, inner);
}

bool LooksLikeLabel(std::string_view text) {
  return Bounded(text, IsLowerAlnum, [](char c) { return IsLowerAlnum(c) || c == '-'; });
}

bool LooksLikeSubdomain(std::string_view text) {
  const auto parts = Split(text, '.');
  return std::all_of(parts.begin(), parts.end(), LooksLikeLabel);
}

bool LooksLikeNamePart(std::string_view text) {
  return Bounded(text, IsAlnum, [](char c) { return IsAlnum(c) || c == '-' || c == '_' || c == '.'; });
}

std::string TooLong(std::size_t max, std::string_view unit) {
  return Cat("must be no more than ", max, " ", unit);
}

// ::ffff:10.9.8.7
bool IsMapped(const std::array<unsigned char, 16>& address) {
  return std::all_of(address.begin(), address.begin() + 10, [](unsigned char byte) { return byte == 0; }) &&
         address[10] == 0xff && address[11] == 0xff;
}

// 010.9.8.7 as 10.9.8.7; nullopt if it has another form than four numbers.
std::optional<std::string> WithoutLeadingZeros(const std::string& text) {
  std::vector<std::string> numbers;
  for (std::string_view part : Split(text, '.')) {
    if (part.empty() || !std::all_of(part.begin(), part.end(), IsDigit)) return std::nullopt;
    while (part.size() > 1 && part.front() == '0') part.remove_prefix(1);
    numbers.emplace_back(part);
  }
  if (numbers.size() != 4) return std::nullopt;
  return Join(numbers, ".");
}

// Something will follow the dash.
std::string WithoutTrailingDash(std::string_view text) {
  return text.size() < 2 || !text.ends_with('-') ? std::string(text) : Cat(text.substr(0, text.size() - 2), 'a');
}

}  // namespace

bool IsDnsLabel(std::string_view text) {
  return text.size() <= 63 && LooksLikeLabel(text);
}
bool IsDnsSubdomain(std::string_view text) {
  return text.size() <= 253 && LooksLikeSubdomain(text);
}

Faults DnsLabelFaults(std::string_view text) {
  Faults faults;
  if (text.size() > 63) faults.push_back(TooLong(63, "characters"));
  if (!LooksLikeLabel(text)) {
    faults.emplace_back(LooksLikeSubdomain(text) ? "must not contain dots" : kLabelFault);
  }
  return faults;
}

Faults Dns1035LabelFaults(std::string_view text) {
  Faults faults;
  if (text.size() > 63) faults.push_back(TooLong(63, "characters"));
  const bool good = !text.empty() && IsLower(text.front()) && text.back() != '-' &&
                    std::all_of(text.begin(), text.end(), [](char c) { return IsLowerAlnum(c) || c == '-'; });
  if (!good) {
    faults.emplace_back(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
        "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation "
        "is "
        "'[a-z]([-a-z0-9]*[a-z0-9])?')");
  }
  return faults;
}

Faults DnsSubdomainFaults(std::string_view text) {
  Faults faults;
  if (text.size() > 253) faults.push_back(TooLong(253, "characters"));
  if (!LooksLikeSubdomain(text)) faults.emplace_back(kSubdomainFault);
  return faults;
}

Faults DnsSubdomainWithUnderscoreFaults(std::string_view text) {
  Faults faults;
  if (text.size() > 253) faults.push_back(TooLong(253, "characters"));
  for (std::string_view part : Split(text, '.')) {
    if (part.starts_with('_')) part.remove_prefix(1);
    if (Bounded(part, IsLowerAlnum, [](char c) { return IsLowerAlnum(c) || c == '-' || c == '_'; })) continue;
    faults.emplace_back(kUnderscoreFault);
    break;
  }
  return faults;
}

Faults QualifiedNameFaults(std::string_view text) {
  Faults faults;
  const auto parts = Split(text, '/');
  if (parts.size() > 2) {
    faults.push_back(Cat("a valid label key ", kNamePart,
                         " with an optional DNS subdomain prefix and '/' (e.g. "
                         "'example.com/MyName')"));
    return faults;
  }
  if (parts.size() == 2) {
    if (parts[0].empty()) {
      faults.emplace_back("prefix part must be non-empty");
    } else {
      if (parts[0].size() > 253) faults.push_back("prefix part " + TooLong(253, "bytes"));
      if (!LooksLikeSubdomain(parts[0])) faults.push_back(Cat("prefix part ", kSubdomainFault));
    }
  }
  const std::string_view name = parts.back();
  if (name.empty()) {
    faults.emplace_back("name part must be non-empty");
  } else if (name.size() > 63) {
    faults.push_back("name part " + TooLong(63, "bytes"));
  }
  if (!LooksLikeNamePart(name)) faults.push_back(Cat("name part ", kNamePart));
  return faults;
}

Faults LabelValueFaults(std::string_view text) {
  Faults faults;
  if (text.size() > 63) faults.push_back(TooLong(63, "bytes"));
  if (!text.empty() && !LooksLikeNamePart(text)) faults.emplace_back(kLabelValueFault);
  return faults;
}

Faults PortNameFaults(std::string_view text) {
  Faults faults;
  if (text.size() > 15) faults.push_back(TooLong(15, "characters"));
  if (text.empty() || !All(text, [](char c) { return IsLowerAlnum(c) || c == '-'; })) {
    faults.emplace_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (!std::any_of(text.begin(), text.end(), IsLower)) faults.emplace_back("must contain at least one letter (a-z)");
  if (text.find("--") != std::string_view::npos) faults.emplace_back("must not contain consecutive hyphens");
  if (!text.empty() && (text.front() == '-' || text.back() == '-')) {
    faults.emplace_back("must not begin or end with a hyphen");
  }
  return faults;
}

Faults PortNumberFaults(std::int64_t port) {
  if (port >= 1 && port <= 65535) return {};
  return {"must be between 1 and 65535, inclusive"};
}

Faults ConfigMapKeyFaults(std::string_view text) {
  Faults faults;
  if (text.size() > 253) faults.push_back(TooLong(253, "characters"));
  if (text.empty() || !All(text, [](char c) { return IsAlnum(c) || c == '-' || c == '_' || c == '.'; })) {
    faults.emplace_back(kConfigKeyFault);
  }
  if (text == ".") {
    faults.emplace_back("must not be '.'");
  } else if (text == "..") {
    faults.emplace_back("must not be '..'");
  } else if (text.starts_with("..")) {
    faults.emplace_back("must not start with '..'");
  }
  return faults;
}

Faults EnvVarNameFaults(std::string_view text) {
  if (!text.empty() && All(text, [](char c) { return c >= 0x20 && c <= 0x7E && c != '='; })) return {};
  return {"a valid environment variable name must consist only of printable ASCII characters other than '='"};
}

Faults HttpHeaderNameFaults(std::string_view text) {
  if (!text.empty() && All(text, [](char c) { return IsAlnum(c) || c == '-'; })) return {};
  return {std::string(kHeaderFault)};
}

Faults IpFaults(std::string_view text) {
  std::array<unsigned char, 16> address;
  const std::string copy(text);
  const bool valid = copy.find('\0') == std::string::npos && (inet_pton(AF_INET, copy.c_str(), address.data()) == 1 ||
                                                              inet_pton(AF_INET6, copy.c_str(), address.data()) == 1);
  if (valid) {
    const bool mapped = copy.find(':') != std::string::npos && IsMapped(address);
    return mapped ? Faults{"must not be an IPv4-mapped IPv6 address"} : Faults{};
  }
  if (const auto plain = WithoutLeadingZeros(copy); plain && inet_pton(AF_INET, plain->c_str(), address.data()) == 1) {
    return {"must not have leading 0s"};
  }
  return {"must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"};
}

Faults ObjectNameFaults(std::string_view text, bool prefix) {
  return DnsSubdomainFaults(prefix ? WithoutTrailingDash(text) : std::string(text));
}

Faults LabelNameFaults(std::string_view text, bool prefix) {
  return DnsLabelFaults(prefix ? WithoutTrailingDash(text) : std::string(text));
}

bool IsHttpPath(std::string_view text) {
  return !text.empty() && All(text, [](char c) {
    return IsAlnum(c) || std::string_view("/-._~%!$&'()*+,;=:").find(c) != std::string_view::npos;
  });
}

bool IsSysctlName(std::string_view text) {
  if (text.size() > 253) return false;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] != '.' && text[i] != '/') continue;
    const std::string_view part = text.substr(start, i - start);
    if (!Bounded(part, IsLowerAlnum, [](char c) { return IsLowerAlnum(c) || c == '-' || c == '_'; })) return false;
    start = i + 1;
  }
  return true;
}

}  // namespace reprieve::admission
