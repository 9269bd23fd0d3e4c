// What is wrong or doubtful about the input, as JSON: the same object from every verb that has --output json.
//
// docs/USE.md, "Errors as JSON".
#pragma once

#include <string>

#include "cli/diagnostic.h"
#include "document/value.h"

namespace reprieve::cli {

document::Value ErrorObject(const Diagnostic& diagnostic);
// Of what is accepted all the same.
document::Value WarningObject(const Diagnostic& diagnostic);
// Of no manifest: a flag, or this machine. `advice` may be empty.
document::Value ErrorObject(const std::string& message, const std::string& advice = {});

}  // namespace reprieve::cli
