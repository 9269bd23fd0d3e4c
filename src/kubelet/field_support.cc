#include "kubelet/field_support.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace reprieve::kubelet {
namespace {

using document::Value;
using model::Field;
using model::FieldSupport;
using model::Shape;
using model::Support;

// Of namespaces that only a pod in images has.
constexpr std::string_view kSysctls = ".securityContext.sysctls";

// Whether nothing is asked for, however deeply it is written.
bool IsBlank(const Value& value) {
  if (value.IsBool()) return !value.AsBool();
  if (value.IsString()) return value.AsText().empty();
  if (value.IsArray()) return value.size() == 0;
  const auto& members = value.members();
  const auto blank = [](const Value::Member& member) { return IsBlank(member.value); };
  return value.IsNull() || (value.IsObject() && std::all_of(members.begin(), members.end(), blank));
}

std::string TextOf(const Value& value) {
  if (value.IsBool()) return value.AsBool() ? "true" : "false";
  return value.AsText();
}

template <class T>
bool Contains(const std::vector<T>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool AsksForNothing(const Field& field, const Value& value) {
  if (value.IsNull()) return true;
  const FieldSupport& support = field.support;
  if (!value.IsObject() && !value.IsArray() && Contains(support.neutral, TextOf(value))) return true;
  if (support.always) return false;
  // A number that can be absent says something with 0 too.
  if (value.IsNumber()) return value.AsText() == "0" && !field.type.pointer;
  return IsBlank(value);
}

class Walk {
 public:
  std::vector<FieldFinding> Take() { return std::move(found_); }

  void Members(const model::Message& message, const Value& object, const std::string& path) {
    for (const Value::Member& member : object.members()) {
      // Admission has complained of a field that is not in the API.
      if (const Field* field = message.Find(member.key)) Visit(*field, member.value, Cat(path, ".", member.key));
    }
  }

 private:
  void Visit(const Field& field, const Value& value, const std::string& path) {
    if (!field.support.only.empty()) return VisitMembers(field, value, path);
    REPRIEVE_CHECK(field.support.kind != Support::kNone, Cat(path, " has no entry in the column support"));
    if (field.support.kind == Support::kHonoured) return Descend(field.type, value, path);
    if (!AsksForNothing(field, value)) Report(field.support, path);
  }

  // Only some members of it are not honoured.
  void VisitMembers(const Field& field, const Value& value, const std::string& path) {
    const bool map = field.type.shape == Shape::kMap;
    for (const Value::Member& member : value.members()) {
      const std::string inner = map ? Cat(path, "[", member.key, "]") : Cat(path, ".", member.key);
      if (Contains(field.support.only, member.key)) {
        if (!IsBlank(member.value)) Report(field.support, inner);
      } else if (!map) {
        if (const Field* other = field.type.message->Find(member.key)) Visit(*other, member.value, inner);
      }
    }
  }

  void Descend(const model::Type& type, const Value& value, const std::string& path) {
    if (type.shape == Shape::kMessage) return Members(*type.message, value, path);
    if (type.shape != Shape::kList || type.element->shape != Shape::kMessage) return;
    for (std::size_t i = 0; i < value.size(); ++i) Members(*type.element->message, value[i], Cat(path, "[", i, "]"));
  }

  void Report(const FieldSupport& support, const std::string& path) {
    found_.push_back({path, support.kind, std::string(support.reason)});
  }

  std::vector<FieldFinding> found_;
};

}  // namespace

std::vector<FieldFinding> UnsupportedFields(const Value& pod_template, const std::string& path, bool in_images) {
  Walk walk;
  walk.Members(model::GetMessage("core/v1.PodTemplateSpec"), pod_template, path);
  std::vector<FieldFinding> out = walk.Take();
  if (in_images) std::erase_if(out, [](const FieldFinding& found) { return found.path.ends_with(kSysctls); });
  return out;
}

}  // namespace reprieve::kubelet
