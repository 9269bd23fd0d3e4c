// $(VAR) in commands, arguments and values of the environment.
//
// Source: the Kubernetes API's references to variables: $(NAME) becomes the value, $$ becomes $, and what names nothing
// or is not closed stays as it is. Pure; safe from any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace reprieve::kubelet {

// The value of a variable; null pointer if there is none of that name.
using Variables = std::function<const std::string*(std::string_view name)>;

std::string Expand(std::string_view text, const Variables& variables);

}  // namespace reprieve::kubelet
