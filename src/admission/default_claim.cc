#include "admission/default.h"
#include "model/quantity.h"

namespace reprieve::admission {

using document::Value;

namespace {

// Only of claims and snapshots; what else is named there has always been ignored.
bool IsKnownSource(const Value& source) {
  const std::string& group = source["apiGroup"].AsText();
  const std::string& kind = source["kind"].AsText();
  return (group.empty() && kind == "PersistentVolumeClaim") ||
         (group == "snapshot.storage.k8s.io" && kind == "VolumeSnapshot");
}

Value SameSource(const Value& source) {
  Value out = Value::MakeObject();
  for (const std::string_view member : {"apiGroup", "kind", "name"}) {
    if (!source[member].IsNull()) out.Set(member, source[member]);
  }
  return out;
}

}  // namespace

void DefaultClaim(Value& claim) {
  Value& spec = claim.At("spec");
  if (spec.IsNull()) spec = Value::MakeObject();
  if (spec["volumeMode"].IsNull()) spec.Set("volumeMode", Value::String("Filesystem"));
  if (Value* resources = spec.Find("resources"); resources != nullptr && resources->IsObject()) {
    RoundResources(*resources);
  }
  Value& status = claim.At("status");
  if (status.IsNull()) status = Value::MakeObject();
  if (status["phase"].AsText().empty()) status.Set("phase", Value::String("Pending"));
}

void UnifyDataSources(Value& spec) {
  // Sources in other namespaces are behind a gate that is off.
  if (!spec["dataSourceRef"]["namespace"].AsText().empty()) spec.Remove("dataSourceRef");
  if (spec["dataSourceRef"].IsNull() && !IsKnownSource(spec["dataSource"])) spec.Remove("dataSource");
  const bool has_ref = !spec["dataSourceRef"].IsNull();
  const bool has_source = !spec["dataSource"].IsNull();
  if (has_source == has_ref) return;
  Value copy = SameSource(spec[has_source ? "dataSource" : "dataSourceRef"]);
  spec.Set(has_source ? "dataSourceRef" : "dataSource", std::move(copy));
}

}  // namespace reprieve::admission
