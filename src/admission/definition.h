// The CustomResourceDefinition of JobSets, made from the described model and the rules that validation has
// (definition_rules.h), so that the two cannot differ.
//
// Source: spec/jobset.md 1.1 to 1.3. Pure; safe from any thread.
#pragma once

#include "document/value.h"

namespace reprieve::admission {

// An apiextensions.k8s.io/v1 CustomResourceDefinition, for `kubectl apply --server-side`: it is larger than an
// annotation may be.
[[nodiscard]] document::Value JobSetDefinition();

}  // namespace reprieve::admission
