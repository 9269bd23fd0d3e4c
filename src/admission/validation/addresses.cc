#include "admission/validation/addresses.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "base/text.h"

namespace reprieve::admission {
namespace {

constexpr std::int64_t kBitsOfByte = 8;

// Four bytes or sixteen.
struct Address {
  std::array<unsigned char, 16> bytes{};
  std::size_t size = 0;

  std::int64_t bits() const { return static_cast<std::int64_t>(size) * kBitsOfByte; }
  bool IsV4() const { return size == 4; }
};

std::optional<Address> ParseAddress(const std::string& text) {
  Address out;
  out.size = text.find(':') == std::string::npos ? 4 : 16;
  if (inet_pton(out.IsV4() ? AF_INET : AF_INET6, text.c_str(), out.bytes.data()) != 1) return std::nullopt;
  return out;
}

bool HasBitsAfter(const Address& address, std::int64_t prefix) {
  for (std::int64_t bit = prefix; bit < address.bits(); ++bit) {
    const unsigned char byte = address.bytes[static_cast<std::size_t>(bit / kBitsOfByte)];
    if ((byte >> (kBitsOfByte - 1 - bit % kBitsOfByte)) & 1) return true;
  }
  return false;
}

}  // namespace

Faults CidrFaults(std::string_view text) {
  const Faults invalid = {"must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"};
  const auto parts = Split(text, '/');
  if (parts.size() != 2 || parts[1].empty() || !std::all_of(parts[1].begin(), parts[1].end(), IsDigit)) return invalid;
  const std::string base(parts[0]);
  const bool is_v4 = base.find(':') == std::string::npos;
  const auto prefix = ParseInt64(parts[1]);
  if (!prefix || *prefix > (is_v4 ? 32 : 128)) return invalid;
  const Faults faults = IpFaults(base);
  const bool zeros = !faults.empty() && faults[0] == "must not have leading 0s";
  if (zeros || (faults.empty() && parts[1].size() > 1 && parts[1].front() == '0')) {
    return {"must not have leading 0s in IP or prefix length"};
  }
  const auto address = ParseAddress(base);
  if (!address) return invalid;
  if (!faults.empty()) return {"must not have an IPv4-mapped IPv6 address"};
  if (HasBitsAfter(*address, *prefix)) return {"must not have bits set beyond the prefix length"};
  return {};
}

Faults SpecialAddressFaults(const std::string& text) {
  const auto address = ParseAddress(text);
  if (!address) return {};
  const auto& bytes = address->bytes;
  const auto begins = [&](unsigned char first, unsigned char second, unsigned char mask) {
    return bytes[0] == first && (bytes[1] & mask) == second;
  };
  const bool rest_is_zero = std::all_of(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(address->size) - 1,
                                        [](unsigned char byte) { return byte == 0; });
  const unsigned char last = bytes[address->size - 1];
  Faults out;
  if (rest_is_zero && last == 0) out.push_back(Cat("may not be unspecified (", text, ")"));
  if (address->IsV4() ? bytes[0] == 127 : rest_is_zero && last == 1) {
    out.emplace_back("may not be in the loopback range (127.0.0.0/8, ::1/128)");
  }
  if (address->IsV4() ? begins(169, 254, 0xFF) : begins(0xFE, 0x80, 0xC0)) {
    out.emplace_back("may not be in the link-local range (169.254.0.0/16, fe80::/10)");
  }
  if (address->IsV4() ? begins(224, 0, 0xFF) && bytes[2] == 0 : begins(0xFF, 0x02, 0x0F)) {
    out.emplace_back("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
  }
  return out;
}

}  // namespace reprieve::admission
