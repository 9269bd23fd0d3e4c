// $(VAR) in commands, arguments and environment values.
//
// Source: variable references of the Kubernetes API: $(NAME) becomes the value, $$ becomes $, and a reference that is
// unknown or unclosed stays as it is. Pure; safe from any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace reprieve::kubelet {

// The value of a variable; null if there is none of that name.
using Variables = std::function<const std::string*(std::string_view name)>;

std::string Expand(std::string_view text, const Variables& variables);

}  // namespace reprieve::kubelet
