#include "model/image.h"

#include <algorithm>

#include "base/text.h"

namespace reprieve::model {
namespace {

constexpr std::size_t kMaxNameBytes = 255;

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return IsDigit(c) || (c >= 'a' && c <= 'f'); });
}

// Lower-case letters and digits; between them one dot, one or two underscores, or any number of dashes.
bool IsPathComponent(std::string_view text) {
  const auto word = [](char c) { return IsLower(c) || IsDigit(c); };
  if (text.empty() || !word(text.front()) || !word(text.back())) return false;
  for (std::size_t i = 0; i < text.size();) {
    if (word(text[i])) {
      ++i;
      continue;
    }
    const char separator = text[i];
    const std::size_t run = std::min(text.find_first_not_of(separator, i), text.size()) - i;
    const bool fits = separator == '-' || (separator == '.' && run == 1) || (separator == '_' && run <= 2);
    if (!fits || !word(text[i + run])) return false;
    i += run;
  }
  return true;
}

bool IsTag(std::string_view text) {
  if (text.empty() || text.size() > 128 || text.front() == '.' || text.front() == '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return IsAlnum(c) || c == '_' || c == '.' || c == '-'; });
}

bool IsRegistry(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && !text.ends_with(']')) {
    const std::string_view port = text.substr(colon + 1);
    if (port.empty() || !std::all_of(port.begin(), port.end(), IsDigit)) return false;
    text = text.substr(0, colon);
  }
  if (text.starts_with('[') && text.ends_with(']')) return text.size() > 2;
  for (const std::string_view part : Split(text, '.')) {
    if (part.empty() || !IsAlnum(part.front()) || !IsAlnum(part.back())) return false;
    if (!std::all_of(part.begin(), part.end(), [](char c) { return IsAlnum(c) || c == '-'; })) return false;
  }
  return true;
}

}  // namespace

bool MeansLatest(std::string_view image) {
  if (image.size() == 64 && IsHex(image)) return false;  // an image's identifier is no name
  if (image.find('@') != std::string_view::npos) return false;

  // What stands before the first slash is a registry if it looks like a host.
  const std::size_t slash = image.find('/');
  std::string_view rest = image;
  if (slash != std::string_view::npos) {
    const std::string_view head = image.substr(0, slash);
    const bool host = head.find_first_of(".:") != std::string_view::npos || head == "localhost" ||
                      std::any_of(head.begin(), head.end(), IsUpper);
    if (host) {
      if (!IsRegistry(head)) return false;
      rest = image.substr(slash + 1);
    }
  }
  const std::size_t colon = rest.find(':');
  const std::string_view path = rest.substr(0, colon);
  if (path.size() > kMaxNameBytes) return false;
  for (const std::string_view component : Split(path, '/')) {
    if (!IsPathComponent(component)) return false;
  }
  if (colon == std::string_view::npos) return true;
  const std::string_view tag = rest.substr(colon + 1);
  return IsTag(tag) && tag == "latest";
}

}  // namespace reprieve::model
