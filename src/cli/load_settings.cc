#include "cli/load_settings.h"

#include "admission/validation/names.h"
#include "admission/validation/object_meta.h"
#include "base/base64.h"
#include "base/text.h"
#include "cli/explain_error.h"
#include "cli/load.h"
#include "cli/secret_types.h"
#include "model/decode.h"

namespace reprieve::cli {
namespace {

using document::Value;

// Of all values of a ConfigMap or a Secret together.
constexpr std::size_t kMostBytes = std::size_t{1} << 20;

struct ValuesField {
  std::string_view name;
  bool base64 = false;
};
constexpr ValuesField kOfConfigMap[] = {{"data", false}, {"binaryData", true}};
constexpr ValuesField kOfSecret[] = {{"data", true}, {"stringData", false}};

class SettingsCheck {
 public:
  SettingsCheck(const admission::ManifestObject& manifest, std::vector<Diagnostic>& errors)
      : manifest_(manifest), errors_(errors) {}

  Value Run() {
    const std::string& kind = manifest_.value["kind"].AsText();
    const model::Message* message = model::FindMessage(Cat("core/v1.", kind));
    Value cleaned = manifest_.value;
    if (message != nullptr) {
      TypeCheck types = CheckTypes(manifest_.value, *message, manifest_.file->text);
      for (TypeFault& fault : types.faults) errors_.push_back(AboutFault(manifest_, std::move(fault)));
      cleaned = std::move(types.cleaned);
      for (const model::FieldIssue& issue : model::Decode(cleaned, *message).issues) {
        FieldComplaint complaint = ExplainIssue(*message, issue);
        errors_.push_back({manifest_.file, issue.mark, complaint.field, complaint.message, complaint.advice});
      }
    }
    CheckMeta(cleaned["metadata"]);
    if (kind == "ConfigMap") KeepKeys(kOfConfigMap, cleaned), CheckValues(cleaned, kOfConfigMap);
    if (kind == "Secret") {
      KeepKeys(kOfSecret, cleaned);
      CheckValues(cleaned, kOfSecret);
      for (SecretFault& fault : SecretTypeFaults(manifest_.value)) Complain(fault.field, std::move(fault.message));
    }
    return cleaned;
  }

 private:
  void Complain(std::string_view field, std::string message) {
    errors_.push_back(AboutField(manifest_, field, std::move(message)));
  }

  void CheckMeta(const Value& meta) {
    const std::string& name = meta["name"].AsText();
    if (!name.empty()) {
      for (const std::string& fault : admission::DnsSubdomainFaults(name)) {
        Complain("metadata.name", Cat("Invalid value: ", Quote(name), ": ", fault));
      }
    }
    admission::FieldErrors faults;
    admission::ValidateLabels(meta["labels"], admission::FieldPath("metadata.labels"), faults);
    admission::ValidateAnnotations(meta["annotations"], admission::FieldPath("metadata.annotations"), faults);
    for (const admission::FieldError& fault : faults.list()) Complain(fault.field, fault.body);
  }

  // Keeps a key whose value can't be read: what refers to it must not be told that the key is missing.
  template <std::size_t N>
  void KeepKeys(const ValuesField (&fields)[N], Value& cleaned) {
    for (const ValuesField& field : fields) {
      for (const Value::Member& member : manifest_.value[field.name].members()) {
        Value& values = cleaned.At(field.name);
        if (values.Find(member.key) == nullptr) values.Set(member.key, Value::String(""));
      }
    }
  }

  template <std::size_t N>
  void CheckValues(const Value& object, const ValuesField (&fields)[N]) {
    std::size_t bytes = 0;
    for (const ValuesField& field : fields) {
      for (const Value::Member& member : object[field.name].members()) {
        const std::string path = Cat(field.name, "[", member.key, "]");
        for (const std::string& fault : admission::ConfigMapKeyFaults(member.key)) {
          Complain(path, Cat("Invalid value: ", Quote(member.key), ": ", fault));
        }
        bytes += field.base64 ? DecodeBase64(member.value.AsText()).value_or("").size() : member.value.AsText().size();
      }
    }
    // A Secret's stringData wins over its data; a ConfigMap's two kinds may not share a key.
    if (!fields[0].base64) {
      for (const Value::Member& member : object["binaryData"].members()) {
        if (object["data"].Find(member.key) == nullptr) continue;
        Complain(Cat("data[", member.key, "]"), "this key is in binaryData as well; only one can count");
      }
    }
    if (bytes > kMostBytes) {
      Complain(fields[0].name, Cat("its values have ", bytes, " bytes; an object may have ", kMostBytes));
    }
  }

  const admission::ManifestObject& manifest_;
  std::vector<Diagnostic>& errors_;
};

}  // namespace

Value CheckSettings(const admission::ManifestObject& manifest, std::vector<Diagnostic>& errors) {
  return SettingsCheck(manifest, errors).Run();
}

Diagnostic AboutFault(const admission::ManifestObject& manifest, TypeFault fault) {
  const document::Mark mark = fault.mark.line != 0 ? fault.mark : document::Mark{1, 1};
  return {manifest.file, mark, std::move(fault.path), std::move(fault.message), std::move(fault.advice)};
}

}  // namespace reprieve::cli
