#include "cli/style.h"

#include <cstdlib>

#include "base/text.h"
#include "cli/terminal.h"

namespace reprieve::cli {
namespace {

bool WantsColor(int descriptor) {
  const char* refused = std::getenv("NO_COLOR");
  return CanRepaint(descriptor) && (refused == nullptr || *refused == '\0');
}

}  // namespace

Color ColorNamed(std::string_view name) {
  return name == "always" ? Color::kAlways : name == "never" ? Color::kNever : Color::kAuto;
}

Style::Style(Color color, int descriptor)
    : colored_(color == Color::kAlways || (color == Color::kAuto && WantsColor(descriptor))) {}

std::string Style::Wrap(std::string_view code, std::string_view text) const {
  return colored_ ? Cat("\x1b[", code, "m", text, "\x1b[0m") : std::string(text);
}

}  // namespace reprieve::cli
