#include "lint/pages.h"

#include "base/text.h"

namespace reprieve::lint {

std::string PageOf(Code code) {
  const std::string heading = Cat("# ", FactsOf(code).id, ":");
  std::string out;
  bool inside = false;
  for (const std::string_view line : PageLines()) {
    if (line.starts_with("# RP")) inside = line.starts_with(heading);
    if (inside) AppendTo(out, line, "\n");
  }
  return out;
}

}  // namespace reprieve::lint
