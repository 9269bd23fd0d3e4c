#include "cli/load.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <tuple>

#include "admission/admission.h"
#include "admission/admission_jobset.h"
#include "base/text.h"
#include "cli/explain_error.h"
#include "cli/load_settings.h"
#include "cli/type_check.h"
#include "document/locate.h"
#include "model/jobset_extensions.h"

namespace reprieve::cli {
namespace {

using document::Value;

constexpr std::string_view kExpected =
    "batch/v1 Job, jobset.x-k8s.io/v1alpha2 JobSet, v1 ConfigMap, v1 Secret, v1 Service or v1 PersistentVolumeClaim";

class Loader {
 public:
  explicit Loader(const LoadOptions& options) : options_(options) {}

  Loaded Run(const std::vector<std::string>& paths) {
    admission::Manifests manifests = admission::ReadManifests(paths);
    for (admission::ManifestError& error : manifests.errors) {
      auto file = std::make_shared<const admission::ManifestFile>(admission::ManifestFile{std::move(error.file), {}});
      out_.errors.push_back({std::move(file), error.mark, "", std::move(error.message), ""});
    }
    // A JobSet is held against the claims that there are, wherever they stand.
    for (const bool others : {false, true}) {
      for (const admission::ManifestObject& manifest : manifests.objects) {
        if ((manifest.value["kind"].AsText() != "PersistentVolumeClaim") == others) Take(manifest);
      }
    }
    CheckNamesOfChildren();
    SortByPlace(out_.errors);
    return std::move(out_);
  }

 private:
  void Take(const admission::ManifestObject& manifest) {
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
    out_.errors.back().advice = NearestKind(version, kind);
  }

  // Kinds are spelt with their capitals, and with their apiVersion.
  static std::string NearestKind(const std::string& version, const std::string& kind) {
    struct Known {
      std::string_view kind;
      std::string_view version;
    };
    static constexpr Known kKnown[] = {{"Job", "batch/v1"}, {"JobSet", jobset::kApiVersion},
                                       {"ConfigMap", "v1"}, {"Secret", "v1"},
                                       {"Service", "v1"},   {"PersistentVolumeClaim", "v1"}};
    std::vector<std::string_view> kinds;
    for (const Known& known : kKnown) {
      if (known.kind == kind) return Cat("The apiVersion of a ", kind, " is ", known.version, ".");
      if (known.version == version) kinds.push_back(known.kind);
    }
    if (kinds.empty()) return {};
    const auto same = std::find_if(kinds.begin(), kinds.end(), [&](std::string_view other) {
      return std::equal(other.begin(), other.end(), kind.begin(), kind.end(),
                        [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
    });
    const std::string_view near = same != kinds.end() ? *same : NearestWord(kind, kinds);
    return near.empty() ? std::string() : Cat("Did you mean ", near, "?");
  }

  // ConfigMaps, Secrets, claims and Services, by the rules that all objects have and those of settings.
  template <class T>
  void TakeSettings(const admission::ManifestObject& manifest, std::vector<T>& into) {
    const std::size_t errors_before = out_.errors.size();
    const Value mended = CheckSettings(manifest, out_.errors);
    T object;
    FromValue(mended, object);
    if (object.metadata.namespace_.empty()) object.metadata.namespace_ = options_.name_space;
    if (manifest.value["metadata"]["name"].IsEmpty()) {
      Complain(manifest, "metadata.name", "a name is required");
    }
    IsNew(manifest, object.metadata.namespace_, object.metadata.name);
    if (out_.errors.size() == errors_before) into.push_back(std::move(object));
  }

  // Headless ones give pods their names; there is nothing here that could balance load.
  void TakeService(const admission::ManifestObject& manifest) {
    if (manifest.value["spec"]["clusterIP"].AsText() != "None") {
      return Complain(manifest, manifest.value["spec"]["clusterIP"].IsNull() ? "spec" : "spec.clusterIP",
                      "only headless Services are known here; set clusterIP to None to give pods their names");
    }
    TakeSettings(manifest, out_.services);
  }

  // False, and said so: there is one of this kind and name already.
  bool IsNew(const admission::ManifestObject& manifest, const SharedString& name_space, const SharedString& name) {
    const std::string& kind = manifest.value["kind"].AsText();
    if (name.empty() || names_.insert({kind, name_space, name}).second) return true;
    Complain(manifest, "metadata.name", Cat("there is a ", kind, " ", name, " above already; names must differ"));
    return false;
  }

  struct Admitted {
    Value object;
    // Nothing is wrong with it; else it is what is left of it, to find out what else there is.
    bool clean = true;
    std::vector<std::string> dropped;  // paths of values of the wrong type
  };
  using Create = std::function<admission::Answer(const Value& object, const admission::Request&)>;

  // What admission makes of the object; nothing if even without what could not be read it is refused.
  std::optional<Admitted> Admit(const admission::ManifestObject& manifest, const Create& create) {
    const std::string& own = manifest.value["metadata"]["namespace"].AsText();
    const std::string name_space = own.empty() ? options_.name_space : own;
    const meta::Uid uid = options_.new_uid();
    const std::string suffix = options_.new_suffix();
    const auto ask = [&](const Value& object, std::string_view validation) {
      return create(object, {name_space, validation, uid, suffix, options_.now});
    };
    admission::Answer answer = ask(manifest.value, "Strict");
    Admitted out;
    out.clean = answer.ok();
    Value mended;
    const Value* object = &manifest.value;
    if (!answer.ok()) {
      // A value of the wrong type hides all other errors.
      TypeCheck types = CheckTypes(manifest.value, MessageOf(manifest));
      for (TypeFault& fault : types.faults) {
        out.dropped.push_back(fault.path);
        AddFault(manifest, std::move(fault));
      }
      if (!types.faults.empty()) {
        mended = std::move(types.mended);
        object = &mended;
        answer = ask(mended, "Strict");
      }
    }
    if (!answer.ok()) {
      Add(manifest, answer, {}, out.dropped);
      // Unknown and repeated fields hide what validation has to say; everything is said at once.
      if (answer.code != 400) return std::nullopt;
      answer = ask(*object, "Ignore");
      if (answer.code == 422) Add(manifest, answer, {}, out.dropped);
      if (!answer.ok()) return std::nullopt;
    }
    for (const std::string& warning : answer.warnings) out_.warnings.push_back(Cat(manifest.file->name, ": ", warning));
    const Value& meta = answer.object["metadata"];
    if (!IsNew(manifest, meta["namespace"].AsText(), meta["name"].AsText())) return std::nullopt;
    out.object = std::move(answer.object);
    return out;
  }

  static const model::Message& MessageOf(const admission::ManifestObject& manifest) {
    return manifest.value["kind"].AsText() == "JobSet" ? model::JobSetMessage() : model::JobMessage();
  }

  void TakeJob(const admission::ManifestObject& manifest) {
    const auto admitted = Admit(manifest, [](const Value& object, const admission::Request& request) {
      return admission::CreateJob(object, request);
    });
    if (!admitted || !admitted->clean) return;
    LoadedJob loaded{{}, manifest};
    FromValue(admitted->object, loaded.job);
    loaded.job.file = manifest.file->name;
    RemarkOnAnnotations(manifest, "metadata.annotations", manifest.value["metadata"]["annotations"]);
    batch::KeepRuleMarks(manifest.value, loaded.job);
    out_.jobs.push_back(std::move(loaded));
  }

  void TakeJobSet(const admission::ManifestObject& manifest) {
    const auto admitted = Admit(manifest, [&](const Value& object, const admission::Request& request) {
      const auto find_claim = [&](const std::string& name) { return FindClaim(std::string(request.name_space), name); };
      return admission::CreateJobSet(object, {request, options_.gates, find_claim});
    });
    if (!admitted) return;
    CheckChildJobs(manifest, *admitted);
    std::vector<jobset::ExtensionError> unreadable;
    [[maybe_unused]] const auto extensions = jobset::ReadExtensions(Annotations(admitted->object), &unreadable);
    for (const jobset::ExtensionError& error : unreadable) {
      Complain(manifest, Cat("metadata.annotations[", error.key, "]"), error.message);
    }
    for (const admission::Remark& remark : admission::RemarksOnJobSet(manifest.value)) {
      Warn(manifest, remark.field, remark.message);
    }
    const Value& jobs = manifest.value["spec"]["replicatedJobs"];
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      RemarkOnAnnotations(manifest, Cat("spec.replicatedJobs[", i, "].template.metadata.annotations"),
                          jobs[i]["template"]["metadata"]["annotations"]);
    }
    if (!admitted->clean) return;
    LoadedJobSet loaded{{}, manifest};
    FromValue(admitted->object, loaded.jobset);
    loaded.jobset.file = manifest.file->name;
    jobset::KeepRuleMarks(manifest.value, loaded.jobset);
    out_.jobsets.push_back(std::move(loaded));
  }

  // Reprieve's own are read on JobSets alone.
  void RemarkOnAnnotations(const admission::ManifestObject& manifest, const std::string& field,
                           const Value& annotations) {
    for (const Value::Member& member : annotations.members()) {
      if (!member.key.starts_with(jobset::kExtensionPrefix)) continue;
      Warn(manifest, Cat(field, "[", member.key, "]"), "means nothing here: it is read on JobSets alone");
    }
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
  void CheckChildJobs(const admission::ManifestObject& manifest, const Admitted& jobset) {
    const Value& admitted = jobset.object;
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
      const admission::Answer answer =
          admission::CreateJob(job, {admitted["metadata"]["namespace"].AsText(), "Ignore", "UID", "", options_.now});
      if (!answer.ok()) Add(manifest, answer, Cat("spec.replicatedJobs[", i, "].template."), jobset.dropped);
    }
  }

  // `prefix`: where in the manifest the object stands that was asked about. What is said only because a value of the
  // wrong type is not there (`dropped`) is no news.
  void Add(const admission::ManifestObject& manifest, const admission::Answer& answer, const std::string& prefix,
           const std::vector<std::string>& dropped) {
    for (const FieldComplaint& complaint : ExplainAnswer(answer, manifest.value)) {
      Diagnostic diagnostic = AboutField(manifest, Cat(prefix, complaint.field), complaint.message);
      diagnostic.advice = complaint.advice;
      if (!FollowsFrom(diagnostic, dropped)) out_.errors.push_back(std::move(diagnostic));
    }
  }

  static bool FollowsFrom(const Diagnostic& complaint, const std::vector<std::string>& dropped) {
    const bool required = complaint.message.starts_with("Required value");
    return std::any_of(dropped.begin(), dropped.end(), [&](const std::string& path) {
      return complaint.subject.starts_with(path) || (required && path.starts_with(complaint.subject));
    });
  }

  void AddFault(const admission::ManifestObject& manifest, TypeFault fault) {
    out_.errors.push_back(AboutFault(manifest, std::move(fault)));
  }

  // A Job that has the name of a JobSet's child: the JobSet would wait for it for ever.
  void CheckNamesOfChildren() {
    for (const LoadedJobSet& jobset : out_.jobsets) {
      for (const jobset::ReplicatedJob& group : jobset.jobset.spec->replicated_jobs) {
        const std::string stem = Cat(jobset.jobset.metadata.name, "-", group.name, "-");
        for (const LoadedJob& job : out_.jobs) {
          const std::string_view name = job.job.metadata.name;
          if (!name.starts_with(stem) || job.job.metadata.namespace_ != jobset.jobset.metadata.namespace_) continue;
          const auto index = ParseInt32(name.substr(stem.size()));
          if (!index || *index < 0 || *index >= group.replicas || Cat(stem, *index) != name) continue;
          Complain(job.manifest, "metadata.name",
                   Cat("JobSet ", jobset.jobset.metadata.name, " makes a Job of this name for its replicated job ",
                       group.name, "; give this Job another"));
        }
      }
    }
  }

  void Warn(const admission::ManifestObject& manifest, const std::string& field, std::string_view message) {
    out_.warnings.push_back(WarningAbout(manifest, field, message));
  }

  void Complain(const admission::ManifestObject& manifest, std::string_view field, std::string message) {
    out_.errors.push_back(AboutField(manifest, field, std::move(message)));
  }

  const LoadOptions& options_;
  Loaded out_;
  std::set<std::tuple<SharedString, SharedString, SharedString>> names_;  // kind, namespace, name
};

}  // namespace

Loaded Load(const std::vector<std::string>& paths, const LoadOptions& options) {
  return Loader(options).Run(paths);
}

std::string WarningAbout(const admission::ManifestObject& manifest, std::string_view field, std::string_view message) {
  const document::Mark mark = document::Locate(manifest.value, field);
  return Cat(manifest.file->name, ":", std::max<std::uint32_t>(mark.line, 1), ": ", field, " ", message);
}

Diagnostic AboutField(const admission::ManifestObject& manifest, std::string_view field, std::string message) {
  const document::Mark mark = document::Locate(manifest.value, field);
  return {manifest.file, mark.line != 0 ? mark : document::Mark{1, 1}, std::string(field), std::move(message), ""};
}

}  // namespace reprieve::cli
