// Which fields of a pod template `run` does not honour, found by walking the template as the user wrote it.
//
// Source: the column `support` of model/schema/fields.tsv (docs/FIELDS.md is made from it). Values that ask for nothing
// else than what pods get anyway (false, {}, what a server fills in) are no findings. Pure; safe from any thread.
#pragma once

#include <string>
#include <vector>

#include "document/value.h"
#include "model/schema.h"

namespace reprieve::kubelet {

struct FieldFinding {
  std::string path;  // spec.template.spec.hostPID
  model::Support support = model::Support::kNone;
  std::string reason;  // continues a sentence that begins with the path
};

// In the order of the template. `path`: where it stands in the manifest; the findings' paths begin with it.
// `in_images`: its containers run in images, which honours more.
std::vector<FieldFinding> UnsupportedFields(const document::Value& pod_template, const std::string& path,
                                            bool in_images = false);

}  // namespace reprieve::kubelet
