// Colour, where a person looks: never the only carrier of a meaning.
//
// Source: https://no-color.org; --color. Plain values.
#pragma once

#include <string>
#include <string_view>

namespace reprieve::cli {

enum class Color { kAuto, kAlways, kNever };

// auto, always or never.
Color ColorNamed(std::string_view name);

class Style {
 public:
  // `descriptor`: where it is printed; with kAuto colour needs a terminal there that has it (TERM) and no NO_COLOR.
  Style(Color color, int descriptor);
  explicit Style(bool colored) : colored_(colored) {}

  std::string Bold(std::string_view text) const { return Wrap("1", text); }
  std::string Red(std::string_view text) const { return Wrap("31", text); }
  std::string Green(std::string_view text) const { return Wrap("32", text); }
  std::string Yellow(std::string_view text) const { return Wrap("33", text); }
  std::string Dim(std::string_view text) const { return Wrap("2", text); }

 private:
  std::string Wrap(std::string_view code, std::string_view text) const;
  bool colored_;
};

}  // namespace reprieve::cli
