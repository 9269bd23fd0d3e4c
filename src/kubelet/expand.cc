#include "kubelet/expand.h"

namespace reprieve::kubelet {
namespace {

// Reads what follows a '$' and appends its expansion. Returns how many bytes of `rest` it took.
std::size_t ReadReference(std::string_view rest, const Variables& variables, std::string& out) {
  switch (rest.front()) {
    case '$':
      out.push_back('$');
      return 1;
    case '(': {
      const std::size_t close = rest.find(')');
      if (close == std::string_view::npos) {
        out.append("$(");
        return 1;
      }
      const std::string_view name = rest.substr(1, close - 1);
      if (const std::string* value = variables(name)) {
        out.append(*value);
      } else {
        out.append("$").append(rest.substr(0, close + 1));
      }
      return close + 1;
    }
    default:
      out.push_back('$');
      out.push_back(rest.front());
      return 1;
  }
}

}  // namespace

std::string Expand(std::string_view text, const Variables& variables) {
  std::string out;
  while (!text.empty()) {
    const std::size_t dollar = text.find('$');
    out.append(text.substr(0, dollar));
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    if (text.empty()) {
      out.push_back('$');
      break;
    }
    text.remove_prefix(ReadReference(text, variables, out));
  }
  return out;
}

}  // namespace reprieve::kubelet
