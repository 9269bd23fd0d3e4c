// Whether a label is as one requirement of a selector wants it.
//
// Source: meta/v1 LabelSelectorRequirement. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "model/meta.h"

namespace reprieve::meta {

// `value`: of the label with the requirement's key; nothing: there is none. False of operators that are none of a
// label selector's four.
[[nodiscard]] bool Holds(const LabelSelectorRequirement& requirement, std::optional<std::string_view> value);

}  // namespace reprieve::meta
