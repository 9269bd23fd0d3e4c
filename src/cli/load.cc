#include "cli/load.h"

#include <set>
#include <tuple>

#include "base/text.h"
#include "cli/explain_error.h"
#include "model/admission.h"
#include "model/admission_jobset.h"
#include "model/jobset_extensions.h"
#include "model/locate.h"

namespace reprieve::cli {
namespace {

using model::Value;

constexpr std::string_view kExpected =
    "batch/v1 Job, jobset.x-k8s.io/v1alpha2 JobSet, v1 ConfigMap, v1 Secret, v1 Service or v1 PersistentVolumeClaim";

class Loader {
 public:
  explicit Loader(const LoadOptions& options) : options_(options) {}

  Loaded Run(const std::vector<std::string>& paths) {
    model::Manifests manifests = model::ReadManifests(paths);
    for (model::ManifestError& error : manifests.errors) {
      auto file = std::make_shared<const model::ManifestFile>(model::ManifestFile{std::move(error.file), {}});
      out_.errors.push_back({std::move(file), error.mark, "", std::move(error.message), ""});
    }
    // A JobSet is held against the claims that there are, wherever they stand.
    for (const bool others : {false, true}) {
      for (const model::ManifestObject& manifest : manifests.objects) {
        if ((manifest.value["kind"].AsText() != "PersistentVolumeClaim") == others) Take(manifest);
      }
    }
    SortByPlace(out_.errors);
    return std::move(out_);
  }

 private:
  void Take(const model::ManifestObject& manifest) {
    const std::string& version = manifest.value["apiVersion"].AsText();
    const std::string& kind = manifest.value["kind"].AsText();
    if (kind.empty() || version.empty()) {
      const char* field = kind.empty() ? "kind" : "apiVersion";
      return Complain(manifest, field, Cat(field, " is missing; expected ", kExpected));
    }
    if (kind == "Job" && version == "batch/v1") return TakeJob(manifest);
    if (kind == "ConfigMap" && version == "v1") return TakeSettings(manifest, out_.config_maps);
    if (kind == "JobSet" && version == jobset::kApiVersion) return TakeJobSet(manifest);
    if (kind == "Secret" && version == "v1") return TakeSettings(manifest, out_.secrets);
    if (kind == "Service" && version == "v1") return TakeService(manifest);
    if (kind == "PersistentVolumeClaim" && version == "v1") return TakeSettings(manifest, out_.claims);
    Complain(manifest, "kind", Cat(version, " ", kind, " is nothing that Reprieve runs; expected ", kExpected));
  }

  template <class T>
  void TakeSettings(const model::ManifestObject& manifest, std::vector<T>& into) {
    T object;
    FromValue(manifest.value, object);
    if (object.metadata.namespace_.empty()) object.metadata.namespace_ = options_.name_space;
    if (object.metadata.name.empty()) return Complain(manifest, "metadata.name", "a name is required");
    into.push_back(std::move(object));
  }

  // Headless ones give pods their names; there is nothing here that could balance load.
  void TakeService(const model::ManifestObject& manifest) {
    if (manifest.value["spec"]["clusterIP"].AsText() != "None") {
      return Complain(manifest, manifest.value["spec"]["clusterIP"].IsNull() ? "spec" : "spec.clusterIP",
                      "only headless Services are known here; set clusterIP to None to give pods their names");
    }
    TakeSettings(manifest, out_.services);
  }

  // What admission says of the object, `create` being asked with a field validation; nothing if it is refused.
  std::optional<Value> Admit(const model::ManifestObject& manifest,
                             const std::function<model::Answer(const model::Request&)>& create) {
    const std::string& own = manifest.value["metadata"]["namespace"].AsText();
    const std::string name_space = own.empty() ? options_.name_space : own;
    const std::string uid = options_.new_uid();
    const std::string suffix = options_.new_suffix();
    model::Answer answer = create({name_space, "Strict", uid, suffix, options_.now});
    if (!answer.ok()) {
      Add(manifest, answer);
      // Unknown and repeated fields hide what validation has to say; everything is said at once.
      if (answer.code == 400) {
        const model::Answer lenient = create({name_space, "Ignore", uid, suffix, options_.now});
        if (lenient.code == 422) Add(manifest, lenient);
      }
      return std::nullopt;
    }
    for (const std::string& warning : answer.warnings) out_.warnings.push_back(Cat(manifest.file->name, ": ", warning));
    const Value& meta = answer.object["metadata"];
    const std::string& kind = manifest.value["kind"].AsText();
    if (!names_.insert({kind, meta["namespace"].AsText(), meta["name"].AsText()}).second) {
      Complain(manifest, "metadata.name",
               Cat("there is a ", kind, " ", meta["name"].AsText(), " above already; names must differ"));
      return std::nullopt;
    }
    return std::move(answer.object);
  }

  void TakeJob(const model::ManifestObject& manifest) {
    const auto admitted =
        Admit(manifest, [&](const model::Request& request) { return model::CreateJob(manifest.value, request); });
    if (!admitted) return;
    LoadedJob loaded{{}, manifest};
    FromValue(*admitted, loaded.job);
    loaded.job.file = manifest.file->name;
    batch::KeepRuleMarks(manifest.value, loaded.job);
    out_.jobs.push_back(std::move(loaded));
  }

  void TakeJobSet(const model::ManifestObject& manifest) {
    const auto admitted = Admit(manifest, [&](const model::Request& request) {
      const auto find_claim = [&](const std::string& name) { return FindClaim(std::string(request.name_space), name); };
      return model::CreateJobSet(manifest.value, {request, options_.gates, find_claim});
    });
    if (!admitted) return;
    std::vector<jobset::ExtensionError> unreadable;
    [[maybe_unused]] const auto extensions = jobset::ReadExtensions(Annotations(*admitted), &unreadable);
    for (const jobset::ExtensionError& error : unreadable) {
      Complain(manifest, Cat("metadata.annotations[", error.key, "]"), error.message);
    }
    for (const model::Remark& remark : model::RemarksOnJobSet(manifest.value)) {
      const model::Mark mark = model::Locate(manifest.value, remark.field);
      out_.warnings.push_back(Cat(manifest.file->name, ":", mark.line, ": ", remark.field, " ", remark.message));
    }
    LoadedJobSet loaded{{}, manifest};
    FromValue(*admitted, loaded.jobset);
    loaded.jobset.file = manifest.file->name;
    jobset::KeepRuleMarks(manifest.value, loaded.jobset);
    CheckChildJobs(manifest, *admitted);
    out_.jobsets.push_back(std::move(loaded));
  }

  static meta::Labels Annotations(const Value& object) {
    meta::ObjectMeta metadata;
    meta::FromValue(object["metadata"], metadata);
    return metadata.annotations;
  }

  Value FindClaim(const std::string& name_space, const std::string& name) const {
    for (const core::PersistentVolumeClaim& claim : out_.claims) {
      if (claim.metadata.namespace_ == name_space && claim.metadata.name == name) return ToValue(claim);
    }
    return {};
  }

  // The server takes a JobSet whose Jobs it will refuse; here that is known before anything starts.
  void CheckChildJobs(const model::ManifestObject& manifest, const Value& admitted) {
    const Value& jobs = admitted["spec"]["replicatedJobs"];
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (jobs[i]["replicas"].AsInt() == 0) continue;
      Value job = jobs[i]["template"];
      job.Set("apiVersion", Value::String("batch/v1"));
      job.Set("kind", Value::String("Job"));
      job.At("metadata")
          .Set("name", Value::String(Cat(admitted["metadata"]["name"].AsText(), "-", jobs[i]["name"].AsText(), "-0")));
      job.At("metadata").Remove("namespace");
      // Its claims will be volumes of its pods; what they are made of does not matter here.
      Value& volumes = job.At("spec").At("template").At("spec").At("volumes");
      for (const Value& policy : admitted["spec"]["volumeClaimPolicies"].items()) {
        for (const Value& claim : policy["templates"].items()) {
          Value& volume = volumes.Append(Value::MakeObject());
          volume.Set("name", claim["metadata"]["name"]);
          volume.Set("emptyDir", Value::MakeObject());
        }
      }
      const model::Answer answer =
          model::CreateJob(job, {admitted["metadata"]["namespace"].AsText(), "Ignore", "UID", "", options_.now});
      if (!answer.ok()) Add(manifest, answer, Cat("spec.replicatedJobs[", i, "].template."));
    }
  }

  // `prefix`: where in the manifest the object stands that was asked about.
  void Add(const model::ManifestObject& manifest, const model::Answer& answer, const std::string& prefix = {}) {
    for (const FieldComplaint& complaint : ExplainAnswer(answer, manifest.value)) {
      Diagnostic diagnostic = AboutField(manifest, Cat(prefix, complaint.field), complaint.message);
      diagnostic.advice = complaint.advice;
      out_.errors.push_back(std::move(diagnostic));
    }
  }

  void Complain(const model::ManifestObject& manifest, std::string_view field, std::string message) {
    out_.errors.push_back(AboutField(manifest, field, std::move(message)));
  }

  const LoadOptions& options_;
  Loaded out_;
  std::set<std::tuple<std::string, std::string, std::string>> names_;  // kind, namespace, name
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
