#include "cli/load.h"

#include <set>

#include "base/text.h"
#include "cli/explain_error.h"
#include "model/admission.h"
#include "model/locate.h"

namespace reprieve::cli {
namespace {

using model::Value;

class Loader {
 public:
  explicit Loader(const LoadOptions& options) : options_(options) {}

  Loaded Run(const std::vector<std::string>& paths) {
    model::Manifests manifests = model::ReadManifests(paths);
    for (model::ManifestError& error : manifests.errors) {
      auto file = std::make_shared<const model::ManifestFile>(model::ManifestFile{std::move(error.file), {}});
      out_.errors.push_back({std::move(file), error.mark, "", std::move(error.message), ""});
    }
    for (const model::ManifestObject& manifest : manifests.objects) Take(manifest);
    SortByPlace(out_.errors);
    return std::move(out_);
  }

 private:
  void Take(const model::ManifestObject& manifest) {
    const std::string& version = manifest.value["apiVersion"].AsText();
    const std::string& kind = manifest.value["kind"].AsText();
    if (kind.empty() || version.empty()) {
      const char* field = kind.empty() ? "kind" : "apiVersion";
      return Complain(manifest, field, Cat(field, " is missing; expected batch/v1 Job, v1 ConfigMap or v1 Secret"));
    }
    if (kind == "Job" && version == "batch/v1") return TakeJob(manifest);
    if (kind == "ConfigMap" && version == "v1") return TakeSettings(manifest, out_.config_maps);
    if (kind == "Secret" && version == "v1") return TakeSettings(manifest, out_.secrets);
    Complain(
        manifest, "kind",
        Cat(version, " ", kind, " is nothing that Reprieve runs; expected batch/v1 Job, v1 ConfigMap or v1 Secret"));
  }

  template <class T>
  void TakeSettings(const model::ManifestObject& manifest, std::vector<T>& into) {
    T object;
    FromValue(manifest.value, object);
    if (object.metadata.namespace_.empty()) object.metadata.namespace_ = options_.name_space;
    if (object.metadata.name.empty()) return Complain(manifest, "metadata.name", "a name is required");
    into.push_back(std::move(object));
  }

  void TakeJob(const model::ManifestObject& manifest) {
    Value object = manifest.value;
    const std::string name_space = object["metadata"]["namespace"].AsText().empty()
                                       ? options_.name_space
                                       : object["metadata"]["namespace"].AsText();
    const std::string uid = options_.new_uid();
    const std::string suffix = options_.new_suffix();
    const auto create = [&](std::string_view field_validation) {
      return model::CreateJob(object, {name_space, field_validation, uid, suffix, options_.now});
    };
    model::Answer answer = create("Strict");
    if (!answer.ok()) {
      Add(manifest, answer);
      // Unknown and repeated fields hide what validation has to say; everything is said at once.
      if (answer.code == 400) {
        const model::Answer lenient = create("Ignore");
        if (lenient.code == 422) Add(manifest, lenient);
      }
      return;
    }
    for (const std::string& warning : answer.warnings) out_.warnings.push_back(Cat(manifest.file->name, ": ", warning));
    LoadedJob loaded;
    FromValue(answer.object, loaded.job);
    loaded.job.file = manifest.file->name;
    batch::KeepRuleMarks(manifest.value, loaded.job);
    loaded.manifest = manifest;
    if (!names_.insert({loaded.job.metadata.namespace_, loaded.job.metadata.name}).second) {
      return Complain(manifest, "metadata.name",
                      Cat("there is a Job ", loaded.job.metadata.name, " above already; names must differ"));
    }
    out_.jobs.push_back(std::move(loaded));
  }

  void Add(const model::ManifestObject& manifest, const model::Answer& answer) {
    for (const FieldComplaint& complaint : ExplainAnswer(answer, manifest.value)) {
      Diagnostic diagnostic = AboutField(manifest, complaint.field, complaint.message);
      diagnostic.advice = complaint.advice;
      out_.errors.push_back(std::move(diagnostic));
    }
  }

  void Complain(const model::ManifestObject& manifest, std::string_view field, std::string message) {
    out_.errors.push_back(AboutField(manifest, field, std::move(message)));
  }

  const LoadOptions& options_;
  Loaded out_;
  std::set<std::pair<std::string, std::string>> names_;
};

}  // namespace

Loaded Load(const std::vector<std::string>& paths, const LoadOptions& options) {
  return Loader(options).Run(paths);
}

Diagnostic AboutField(const model::ManifestObject& manifest, std::string_view field, std::string message) {
  const model::Mark mark = model::Locate(manifest.value, field);
  return {manifest.file, mark.line != 0 ? mark : model::Mark{1, 1}, std::string(field), std::move(message), ""};
}

}  // namespace reprieve::cli
