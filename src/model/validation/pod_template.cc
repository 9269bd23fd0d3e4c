#include "model/validation/object_meta.h"
#include "model/validation/pod.h"

namespace reprieve::model {

void ValidatePodTemplate(const Value& pod_template, const FieldPath& path, FieldErrors& errors) {
  const Value& meta = pod_template["metadata"];
  ValidateLabels(meta["labels"], path / "labels", errors);
  ValidateAnnotations(meta["annotations"], path / "annotations", errors);
}

}  // namespace reprieve::model
