#include "runtime/image_reference.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "base/text.h"

namespace reprieve::runtime {
namespace {

constexpr std::string_view kHub = "docker.io";
constexpr std::string_view kOldHub = "index.docker.io";
constexpr std::string_view kOfficial = "library/";
constexpr std::size_t kMaxRepository = 255;
constexpr std::size_t kMaxTag = 128;
constexpr std::size_t kLeastDigest = 32;
constexpr std::string_view kInvalid = "invalid reference format";

bool IsLowerHex(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f');
}
bool IsHex(char c) {
  return IsLowerHex(c) || (c >= 'A' && c <= 'F');
}
bool IsLowerAlnum(char c) {
  return IsLower(c) || IsDigit(c);
}

bool IsTag(std::string_view text) {
  if (text.empty() || text.size() > kMaxTag || !(IsAlnum(text.front()) || text.front() == '_')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return IsAlnum(c) || c == '_' || c == '.' || c == '-'; });
}

// Lower-case letters and digits with ".", "_", "__" or any number of "-" between them.
bool IsPathComponent(std::string_view text) {
  if (text.empty() || !IsLowerAlnum(text.front()) || !IsLowerAlnum(text.back())) return false;
  for (std::size_t i = 0; i < text.size();) {
    if (IsLowerAlnum(text[i])) {
      ++i;
      continue;
    }
    const char separator = text[i];
    const std::size_t end = std::min(text.find_first_not_of(separator, i), text.size());
    const std::size_t most = separator == '.' ? 1 : separator == '_' ? 2 : separator == '-' ? text.size() : 0;
    if (end - i > most || !IsLowerAlnum(text[end])) return false;
    i = end;
  }
  return true;
}

bool IsPath(std::string_view text) {
  const auto components = Split(text, '/');
  return std::all_of(components.begin(), components.end(), IsPathComponent);
}

bool IsHostLabel(std::string_view text) {
  if (text.empty() || text.front() == '-' || text.back() == '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return IsAlnum(c) || c == '-'; });
}

// A host name or an IPv6 address in brackets, and maybe a port.
bool IsRegistry(std::string_view text) {
  std::string_view host = text;
  std::string_view after;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || end == 1) return false;
    host = text.substr(1, end - 1);
    after = text.substr(end + 1);
    if (!std::all_of(host.begin(), host.end(), [](char c) { return IsHex(c) || c == ':'; })) return false;
  } else {
    host = text.substr(0, text.find(':'));
    after = text.substr(host.size());
    const auto labels = Split(host, '.');
    if (!std::all_of(labels.begin(), labels.end(), IsHostLabel)) return false;
  }
  if (after.empty()) return true;
  return after.size() > 1 && after.front() == ':' && std::all_of(after.begin() + 1, after.end(), IsDigit);
}

// ALGORITHM:HEX as far as the grammar goes, which does not know the algorithms.
bool LooksLikeDigest(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  bool begins_word = true;
  for (const char c : text.substr(0, colon)) {
    const bool letter = IsLower(c) || IsUpper(c);
    if (begins_word ? !letter : !(IsAlnum(c) || c == '-' || c == '_' || c == '+' || c == '.')) return false;
    begins_word = !IsAlnum(c);
  }
  const std::string_view hex = text.substr(colon + 1);
  return !begins_word && hex.size() >= kLeastDigest && std::all_of(hex.begin(), hex.end(), IsHex);
}

Status CheckDigest(std::string_view digest) {
  constexpr std::array<std::pair<std::string_view, std::size_t>, 3> kAlgorithms = {
      {{"sha256", 64}, {"sha384", 96}, {"sha512", 128}}};
  const std::string_view name = digest.substr(0, digest.find(':'));
  const std::string_view hex = digest.substr(name.size() + 1);
  const auto known = std::find_if(kAlgorithms.begin(), kAlgorithms.end(),
                                  [name](const auto& algorithm) { return algorithm.first == name; });
  if (known == kAlgorithms.end()) return Error{"unsupported digest algorithm"};
  if (hex.size() != known->second) return Error{"invalid checksum digest length"};
  if (!std::all_of(hex.begin(), hex.end(), IsLowerHex)) return Error{"invalid checksum digest format"};
  return Ok();
}

// Where the name's first part is a registry, and what follows it there: a dot, a colon, localhost, or a letter that no
// repository may have makes it one.
std::pair<std::string, std::string> SplitRegistry(std::string_view image) {
  const std::size_t slash = image.find('/');
  if (slash == std::string_view::npos) return {std::string(kHub), Cat(kOfficial, image)};
  const std::string_view first = image.substr(0, slash);
  const bool upper = std::any_of(first.begin(), first.end(), IsUpper);
  const bool registry = first == "localhost" || first.find_first_of(".:") != std::string_view::npos || upper;
  std::string_view rest = registry ? image.substr(slash + 1) : image;
  if (registry && first != kHub && first != kOldHub) return {std::string(first), std::string(rest)};
  if (rest.find('/') == std::string_view::npos) return {std::string(kHub), Cat(kOfficial, rest)};
  return {std::string(kHub), std::string(rest)};
}

struct Parts {
  std::string_view name;
  std::string_view tag;
  std::string_view digest;
};

// By the first "@", and the last ":" behind the last "/".
Parts PartsOf(std::string_view text) {
  Parts out;
  const std::size_t at = text.find('@');
  if (at != std::string_view::npos) out.digest = text.substr(at + 1);
  out.name = text.substr(0, at);
  const std::size_t slash = out.name.rfind('/');
  const std::size_t colon = out.name.rfind(':');
  if (colon != std::string_view::npos && colon > slash) {
    out.tag = out.name.substr(colon + 1);
    out.name = out.name.substr(0, colon);
  }
  return out;
}

bool IsReference(std::string_view text) {
  const Parts parts = PartsOf(text);
  const std::string_view rest = text.substr(parts.name.size());
  if (rest.starts_with(':') && !IsTag(parts.tag)) return false;
  if (rest.find('@') != std::string_view::npos && !LooksLikeDigest(parts.digest)) return false;
  const std::size_t slash = parts.name.find('/');
  if (slash == std::string_view::npos) return IsPath(parts.name);
  return (IsRegistry(parts.name.substr(0, slash)) && IsPath(parts.name.substr(slash + 1))) || IsPath(parts.name);
}

bool IsImageId(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), IsLowerHex);
}

}  // namespace

std::string ImageReference::Name() const {
  return Cat(registry, "/", repository);
}

std::string ImageReference::Canonical() const {
  return digest.empty() ? Cat(Name(), ":", tag) : Cat(Name(), "@", digest);
}

Result<ImageReference> ParseImageReference(std::string_view image) {
  if (IsImageId(image)) {
    return Error{Cat("invalid repository name (", image, "), cannot specify 64-byte hexadecimal strings")};
  }
  const auto [registry, rest] = SplitRegistry(image);
  const std::string_view remote = std::string_view(rest).substr(0, rest.find(':'));
  if (std::any_of(remote.begin(), remote.end(), IsUpper)) {
    return Error{Cat(kInvalid, ": repository name (", remote, ") must be lowercase")};
  }
  const std::string whole = Cat(registry, "/", rest);
  if (!IsReference(whole)) {
    return Error{IsReference(ToLower(whole)) ? std::string("repository name must be lowercase")
                                             : std::string(kInvalid)};
  }
  const Parts parts = PartsOf(whole);
  ImageReference out;
  out.registry = registry;
  out.repository = parts.name.substr(registry.size() + 1);
  out.tag = parts.tag;
  out.digest = parts.digest;
  if (out.repository.size() > kMaxRepository) {
    return Error{Cat("repository name must not be more than ", kMaxRepository, " characters")};
  }
  if (!out.digest.empty()) {
    if (const Status valid = CheckDigest(out.digest); !valid.ok()) return valid.error();
  } else if (out.tag.empty()) {
    out.tag = "latest";
  }
  return out;
}

}  // namespace reprieve::runtime
