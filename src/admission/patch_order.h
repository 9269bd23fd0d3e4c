// The order of a list that a strategic merge patch has merged.
//
// Source: kube-apiserver 1.36 and 1.37 (A B C patched with D B E gives D A B E C). Pure; safe from any thread.
#pragma once

#include <string_view>

#include "document/value.h"

namespace reprieve::admission {

// By merge key, or, where that is empty, by value.
[[nodiscard]] bool IsSameItem(const document::Value& a, const document::Value& b, std::string_view merge_key);

// `merged` holds the items of `live` and of the patch. Those that `order` names stand in its order; one that only the
// server has stands before the first named item that it preceded in `live`, and else after all of them, so that items
// new in the patch come before it.
[[nodiscard]] document::Value InPatchOrder(document::Value merged, const document::Value& order,
                                           const document::Value& live, std::string_view merge_key);

}  // namespace reprieve::admission
