// The three patches of the Kubernetes API.
//
// Source: RFC 7386 (merge), RFC 6902 and 6901 (JSON patch, JSON pointer), and Kubernetes' strategic merge patch with
// its directives $patch, $retainKeys, $setElementOrder/..., $deleteFromPrimitiveList/..., driven by the patch
// strategies of the schema. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/result.h"
#include "document/value.h"
#include "model/schema.h"

namespace reprieve::admission {

// RFC 7386. A null in the patch removes; anything but an object replaces. Merged objects have their members in the
// order of the keys.
[[nodiscard]] document::Value MergePatch(const document::Value& target, const document::Value& patch);

struct PatchError {
  enum class Kind : std::uint8_t {
    kMalformed,  // the patch itself is no patch
    kBadFormat,  // a directive of a strategic merge patch is malformed
    kFailed,     // it can't be applied to this object
    kDirective,  // a strategic merge patch asks for what the server doesn't know
  };
  Kind kind = Kind::kMalformed;
  std::string message;
};

// RFC 6902. 10000 operations at most, as upstream.
[[nodiscard]] std::variant<document::Value, PatchError> JsonPatch(const document::Value& target,
                                                                  const document::Value& patch);

// `target` is an object of the type `message`.
[[nodiscard]] std::variant<document::Value, PatchError> StrategicMergePatch(const document::Value& target,
                                                                            const document::Value& patch,
                                                                            const model::Message& message);

}  // namespace reprieve::admission
