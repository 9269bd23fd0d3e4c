#include "net/http.h"

#include <algorithm>

#include "base/text.h"

namespace reprieve::net {
namespace {

bool SameName(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           const auto lower = [](char c) { return IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c; };
           return lower(x) == lower(y);
         });
}

}  // namespace

void Headers::Set(std::string_view name, std::string_view value) {
  std::erase_if(fields_, [&](const Field& field) { return SameName(field.first, name); });
  Add(name, value);
}

std::string_view Headers::Find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (SameName(field.first, name)) return field.second;
  }
  return {};
}

bool Headers::Has(std::string_view name) const {
  return std::any_of(fields_.begin(), fields_.end(), [&](const Field& field) { return SameName(field.first, name); });
}

}  // namespace reprieve::net
