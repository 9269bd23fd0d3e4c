#include "admission/version_check.h"

#include <cstdint>
#include <set>
#include <utility>

#include "admission/version_message.h"
#include "base/text.h"
#include "model/schema.h"

namespace reprieve::admission {
namespace {

using document::Value;
using model::Message;
using model::PathStep;
using model::Product;
using model::Shape;
using model::Stage;
using model::Treatment;
using model::Type;
using model::VersionRow;

constexpr std::string_view kJobTemplate = "batch/v1.JobTemplateSpec";
constexpr std::string_view kPodSpec = "core/v1.PodSpec";

struct Verdict {
  Treatment treatment = Treatment::kServed;
  std::string message;
};

// Where there is no value there is nothing to drop.
bool AsksForNothing(const Value& value) {
  return value.IsNull() || ((value.IsArray() || value.IsString()) && value.IsEmpty());
}

std::string Inner(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : Cat(path, ".", name);
}

std::string Item(const std::string& path, std::size_t index) {
  return Cat(path, "[", index, "]");
}

// A server reads an object, strictly, before it drops or refuses anything: what is unknown counts wherever it stands.
enum class Pass : std::uint8_t { kReading, kAdmission };

class Walk {
 public:
  Walk(const ServerVersions& servers, Pass pass, std::vector<VersionFinding>& findings)
      : servers_(servers), pass_(pass), findings_(findings) {}

  void Object(const Message& message, Value& object) {
    is_jobset_ = &message == &model::JobSetMessage();
    Members(message, object, "");
  }

 private:
  void Members(const Message& message, Value& object, const std::string& path) {
    if (!object.IsObject()) return;
    const Owner outer = owner_;
    if (is_jobset_ && message.full_name == kJobTemplate) owner_ = Owner::kJobsOfJobSet;
    for (const VersionRow& row : model::VersionRowsOf(message.full_name)) Follow(row, 0, object, path);
    if (message.full_name == kPodSpec) RemoveLostVolumes(object);
    for (Value::Member& member : object.members()) {
      const model::Field* field = message.Find(member.key);
      if (field != nullptr && member.key != "status") Descend(field->type, member.value, Inner(path, member.key));
    }
    owner_ = outer;
  }

  void Descend(const Type& type, Value& value, const std::string& path) {
    if (type.shape == Shape::kMessage) return Members(*type.message, value, path);
    if (type.shape != Shape::kList || !value.IsArray()) return;
    for (std::size_t i = 0; i < value.size(); ++i) Descend(*type.element, value.items()[i], Item(path, i));
  }

  // From `object` along the row's path, beginning with `step`.
  void Follow(const VersionRow& row, std::size_t step, Value& object, const std::string& path) {
    const PathStep& at = row.path()[step];
    Value* member = object.Find(at.field);
    if (member == nullptr) return;
    const std::string inner = Inner(path, at.field);
    const bool is_last = step + 1 == row.path().size();
    if (at.is_list) {
      for (std::size_t i = at.first_item; member->IsArray() && i < member->size(); ++i) {
        Value& item = member->items()[i];
        if (is_last) {
          Judge(row, item, Item(inner, i));
        } else {
          Follow(row, step + 1, item, Item(inner, i));
        }
      }
    } else if (!is_last) {
      Follow(row, step + 1, *member, inner);
    } else if (IsTakenOut(row, Judge(row, *member, inner))) {
      if (row.drops_volume()) lost_volumes_.insert(object["name"].AsText());
      object.Remove(at.field);
    }
  }

  // What becomes of a value that the row may be about; said if it is not served.
  Treatment Judge(const VersionRow& row, const Value& value, const std::string& path) {
    if (AsksForNothing(value)) return Treatment::kServed;
    if (row.is_about_value() && (value.IsObject() || value.IsArray() || !row.Covers(value.AsText()))) {
      return Treatment::kServed;
    }
    Verdict verdict = VerdictOn(row);
    const Pass pass = verdict.treatment == Treatment::kUnknown ? Pass::kReading : Pass::kAdmission;
    if (verdict.treatment == Treatment::kServed || pass != pass_) return Treatment::kServed;
    findings_.push_back({path, verdict.treatment, std::move(verdict.message)});
    return verdict.treatment;
  }

  Verdict VerdictOn(const VersionRow& row) const {
    if (row.product() == Product::kJobSet) return OfJobSet(row);
    // What JobSet does not know does not get to the Jobs. It does not look at their values.
    if (owner_ == Owner::kJobsOfJobSet && row.before() == Treatment::kUnknown &&
        row.StageIn(model::JobTypesOf(servers_.jobset).minor) == Stage::kAbsent) {
      return {Treatment::kUnknown, TypesMessage(row, servers_.jobset)};
    }
    const int minor = servers_.kubernetes.minor;
    Treatment treatment = row.TreatmentIn(minor);
    // JobSet's controller does not ask for strict validation.
    if (owner_ == Owner::kJobsOfJobSet && treatment == Treatment::kUnknown) treatment = Treatment::kDropped;
    if (treatment == Treatment::kServed) return {};
    return {treatment, VersionMessage(row, minor, owner_, treatment)};
  }

  Verdict OfJobSet(const VersionRow& row) const {
    const int minor = servers_.jobset.minor;
    const Treatment treatment = row.TreatmentIn(minor);
    const bool is_behind_gate = row.StageIn(minor) != Stage::kAbsent;
    if (is_behind_gate && (model::IsGateOn(servers_.gates, row.gate()) || IsInSchema(row))) return {};
    if (treatment == Treatment::kServed) return {};
    return {treatment, VersionMessage(row, minor, Owner::kObject, treatment)};
  }

  // CreateJobSet knows the gate of what is in the schema.
  static bool IsInSchema(const VersionRow& row) {
    return model::GetMessage(row.message()).Find(row.path().front().field) != nullptr;
  }

  // What the schema does not have would be called unknown afterwards.
  static bool IsTakenOut(const VersionRow& row, Treatment treatment) {
    if (treatment == Treatment::kServed) return false;
    return treatment != Treatment::kRefused || !IsInSchema(row);
  }

  void RemoveLostVolumes(Value& pod) {
    if (lost_volumes_.empty()) return;
    const auto is_lost = [this](const Value& item) { return lost_volumes_.contains(item["name"].AsText()); };
    if (Value* volumes = pod.Find("volumes")) std::erase_if(volumes->items(), is_lost);
    for (const std::string_view list : {"containers", "initContainers"}) {
      Value* containers = pod.Find(list);
      if (containers == nullptr || !containers->IsArray()) continue;
      for (Value& container : containers->items()) {
        Value* mounts = container.Find("volumeMounts");
        if (mounts != nullptr && mounts->IsArray()) std::erase_if(mounts->items(), is_lost);
      }
    }
    lost_volumes_.clear();
  }

  const ServerVersions& servers_;
  const Pass pass_;
  std::vector<VersionFinding>& findings_;
  bool is_jobset_ = false;
  Owner owner_ = Owner::kObject;
  std::set<std::string> lost_volumes_;  // of the pod template at hand
};

const Message* MessageOfKind(std::string_view kind) {
  if (kind == "Job") return &model::JobMessage();
  if (kind == "JobSet") return &model::JobSetMessage();
  if (kind == "CronJob") return &model::GetMessage("batch/v1.CronJob");
  if (kind == "Pod") return &model::PodMessage();
  if (kind == "Service") return &model::GetMessage("core/v1.Service");
  if (kind == "PersistentVolumeClaim") return &model::GetMessage("core/v1.PersistentVolumeClaim");
  return nullptr;
}

}  // namespace

VersionCheck CheckVersions(const Value& manifest, const ServerVersions& servers) {
  VersionCheck out{{}, manifest};
  const Message* message = MessageOfKind(manifest["kind"].AsText());
  if (message == nullptr) return out;
  for (const Pass pass : {Pass::kReading, Pass::kAdmission}) {
    Walk(servers, pass, out.findings).Object(*message, out.object);
  }
  return out;
}

}  // namespace reprieve::admission
