// A create of a kind that is told by data and a few functions.
//
// Internal to the module. Pure; safe from any thread.
#pragma once

#include <string>
#include <vector>

#include "admission/builtin_kind.h"

namespace reprieve::admission {

struct CreateRules {
  BuiltinKind kind;
  void (*set_defaults)(document::Value& object);
  // Gives the object what the server has to give out; what keeps it from that is all that is said. Null pointer:
  // nothing.
  void (*allocate)(document::Value& object, FieldErrors& errors) = nullptr;
  // Takes out what clients can't set.
  void (*prepare)(document::Value& object);
  void (*validate)(const document::Value& object, const Request& request, FieldErrors& errors);
  std::vector<std::string> (*warnings)(const document::Value& object);
};

[[nodiscard]] Answer CreateByRules(const CreateRules& rules, const document::Value& body, const Request& request);

}  // namespace reprieve::admission
