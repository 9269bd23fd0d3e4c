// Validation of what all objects have: names, labels, annotations, owners, finalizers; and what an update may change.
//
// Source: spec/job.md 1.7, 1.9, 10.3, 11.3. The order of the errors is the API server's. Pure; safe from any thread.
#pragma once

#include "admission/server_behaviour.h"
#include "admission/validation/errors.h"

namespace reprieve::admission {

// Labels with their syntax; errors are on `path` itself.
void ValidateLabels(const document::Value& labels, const FieldPath& path, FieldErrors& errors);
void ValidateAnnotations(const document::Value& annotations, const FieldPath& path, FieldErrors& errors);

// What a name may be: a DNS subdomain, a DNS label, or whatever fits into a URL.
enum class NameRule : std::uint8_t { kSubdomain, kLabel, kAny };

// Everything but the names of finalizers that Kubernetes itself must know.
void ValidateMeta(const document::Value& meta, NameRule rule, const FieldPath& path, const ServerBehaviour& server,
                  FieldErrors& errors);
// Finalizers without a domain must be the standard ones.
void ValidateStandardFinalizers(const document::Value& meta, const FieldPath& path, FieldErrors& errors);
// `meta` is to replace `stored`.
void ValidateMetaUpdate(const document::Value& meta, const document::Value& stored, const FieldPath& path,
                        const ServerBehaviour& server, FieldErrors& errors);

// A label selector.
struct SelectorRules {
  bool check_label_values = true;
};
void ValidateLabelSelector(const document::Value& selector, const FieldPath& path, SelectorRules rules,
                           FieldErrors& errors);
// True if the selector (syntactically valid) selects these labels.
bool SelectorMatches(const document::Value& selector, const document::Value& labels);
// False if it has an operator or values that no selector can be made from.
bool IsUsableSelector(const document::Value& selector);

}  // namespace reprieve::admission
