#include "cli/load.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "admission/admission.h"
#include "admission/admission_jobset.h"
#include "admission/admission_kinds.h"
#include "admission/child_job.h"
#include "admission/default_jobset.h"
#include "base/text.h"
#include "cli/explain_error.h"
#include "cli/exported.h"
#include "cli/follow_on.h"
#include "cli/known_kinds.h"
#include "cli/load_settings.h"
#include "cli/other_kinds.h"
#include "cli/time_zone_files.h"
#include "cli/type_check.h"
#include "document/locate.h"
#include "model/decode.h"
#include "model/jobset_extensions.h"

namespace reprieve::cli {
namespace {

using document::Value;

constexpr std::string_view kExportedAdvice =
    "A server has generated this, for the object that the manifest was read from: --exported leaves out what it added.";

class Loader {
 public:
  explicit Loader(const LoadOptions& options) : options_(options) {}

  Loaded Run(const std::vector<std::string>& paths) {
    admission::Manifests manifests = admission::ReadManifests(paths);
    for (const admission::ManifestFile& text : options_.texts) {
      admission::Manifests more = admission::ParseManifests(text.name, text.text);
      std::move(more.objects.begin(), more.objects.end(), std::back_inserter(manifests.objects));
      std::move(more.errors.begin(), more.errors.end(), std::back_inserter(manifests.errors));
      std::move(more.files.begin(), more.files.end(), std::back_inserter(manifests.files));
    }
    out_.files = std::move(manifests.files);
    for (admission::ManifestError& error : manifests.errors) {
      AddError({std::move(error.file), error.mark, "", std::move(error.message), std::move(error.advice)});
    }
    for (admission::ManifestObject& manifest : manifests.objects) {
      if (options_.exported) {
        manifest.value = WithoutServerFields(std::move(manifest.value));
      } else {
        RefuseVersion(manifest);
      }
      CheckServed(manifest);
    }
    // A JobSet is checked against all claims, wherever they stand.
    for (const bool others : {false, true}) {
      for (const admission::ManifestObject& manifest : manifests.objects) {
        if ((manifest.value["kind"].AsText() != "PersistentVolumeClaim") == others) Take(manifest);
      }
    }
    if (!options_.lint) CheckNamesOfChildren();
    CheckNamedCronJobs();
    TellPassedOver();
    SortByPlace(out_.errors, out_.files);
    SortByPlace(out_.version_warnings, out_.files);
    return std::move(out_);
  }

 private:
  using Create = std::function<admission::Answer(const Value& object, const admission::Request&)>;

  // A server refuses to create what has a version. It says so last; here the rest is said as well.
  void RefuseVersion(admission::ManifestObject& manifest) {
    const std::string version = manifest.value["metadata"]["resourceVersion"].AsText();
    if (version.empty() || version == "0") return;
    Complain(manifest, "metadata.resourceVersion", "resourceVersion should not be set on objects to be created");
    out_.errors.back().advice = std::string(kExportedAdvice);
    manifest.value.At("metadata").Remove("resourceVersion");
  }

  // Leaves of it what the servers of the named versions do.
  void CheckServed(admission::ManifestObject& manifest) {
    admission::VersionCheck check = admission::CheckVersions(manifest.value, options_.servers);
    for (admission::VersionFinding& finding : check.findings) {
      Diagnostic diagnostic = AboutField(manifest, finding.field, std::move(finding.message));
      if (finding.is_error()) {
        judged_by_version_.insert(PlaceOf(diagnostic));
        if (options_.lint) {
          out_.refused_fields.push_back(std::move(diagnostic));
        } else {
          AddError(std::move(diagnostic));
        }
      } else {
        CheckTypesIn(manifest, finding.field);
        out_.version_warnings.push_back(std::move(diagnostic));
      }
    }
    manifest.value = std::move(check.object);
  }

  // A server reads what it drops, too.
  void CheckTypesIn(const admission::ManifestObject& manifest, const std::string& field) {
    for (TypeFault& fault : CheckTypes(manifest.value, MessageOf(manifest.value), manifest.file->text).faults) {
      if (fault.path.starts_with(field)) AddError(AboutFault(manifest, std::move(fault)));
    }
  }

  void Take(const admission::ManifestObject& manifest) {
    const std::string& version = manifest.value["apiVersion"].AsText();
    const std::string& kind = manifest.value["kind"].AsText();
    if (options_.lint && version == "batch/v1" && kind == "CronJob") {
      TakeCronJob(manifest);
      return out_.cron_jobs.push_back(manifest);
    }
    if (options_.lint && IsPassedOver(version, kind)) return;
    if (kind.empty() || version.empty()) {
      const char* field = kind.empty() ? "kind" : "apiVersion";
      return Complain(manifest, field, Cat(field, " is missing; expected ", ExpectedKinds()));
    }
    if (kind == "Job" && version == "batch/v1") return TakeJob(manifest);
    if (kind == "CronJob" && version == "batch/v1") return TakeCronJob(manifest);
    if (kind == "ConfigMap" && version == "v1") return TakeSettings(manifest, out_.config_maps);
    if (kind == "JobSet" && version == jobset::kApiVersion) return TakeJobSet(manifest);
    if (kind == "Secret" && version == "v1") return TakeSettings(manifest, out_.secrets);
    if (kind == "Pod" && version == "v1") return TakePod(manifest);
    if (kind == "Service" && version == "v1") return TakeService(manifest);
    if (kind == "PersistentVolumeClaim" && version == "v1") {
      return TakeBeside(manifest, admission::CreateClaim, out_.claims);
    }
    const OtherKind other = OtherKindOf(version, kind);
    if (other != OtherKind::kNo) return PassOver(manifest, other);
    Complain(manifest, "kind", Cat(version, " ", kind, " is not supported; expected ", ExpectedKinds()));
    out_.errors.back().advice = NearestKind(version, kind);
  }

  void PassOver(const admission::ManifestObject& manifest, OtherKind other) {
    const auto text = [&manifest](std::string_view field) { return manifest.value[field].AsText(); };
    PassedOver& kind = passed_over_[{text("kind"), text("apiVersion")}];
    kind.other = other;
    kind.names.push_back(manifest.value["metadata"]["name"].AsText());
    kind.places.push_back(Cat(manifest.file->name, ":", std::max<std::uint32_t>(manifest.value.mark().line, 1)));
  }

  // A line for each kind.
  void TellPassedOver() {
    constexpr std::size_t kNamed = 3;
    for (const auto& [of, kind] : passed_over_) {
      const std::size_t count = kind.names.size();
      std::vector<std::string> places(kind.places.begin(),
                                      kind.places.begin() + static_cast<std::ptrdiff_t>(std::min(count, kNamed)));
      if (count > kNamed) places.push_back("...");
      const std::string what = Cat(CountedKind(of.first, count), count == 1 ? Cat(" ", kind.names.front()) : "", " (",
                                   of.second, "; ", Join(places, ", "), ")");
      if (kind.other == OtherKind::kServer) {
        out_.skipped.push_back(
            Cat("Warning: skipped ", what, ": what ", count == 1 ? "it serves" : "they serve", " will not be there"));
      } else {
        out_.skipped.push_back(
            Cat("Skipped ", what, ": ", count == 1 ? "it plays" : "they play", " no part on one machine"));
      }
    }
  }

  // Other people's kinds. A Job or JobSet that is misspelt is none of them.
  static bool IsPassedOver(const std::string& version, const std::string& kind) {
    if (version == "v1") return kind != "PersistentVolumeClaim";
    if (version == "batch/v1") return false;
    return !version.starts_with("jobset.x-k8s.io/");
  }

  // ConfigMaps and Secrets, by the rules that all objects have and those of settings.
  template <class T>
  void TakeSettings(const admission::ManifestObject& manifest, std::vector<T>& into) {
    std::vector<Diagnostic> errors;
    const Value cleaned = CheckSettings(manifest, errors);
    for (Diagnostic& error : errors) AddError(std::move(error));
    if (cleaned["metadata"]["name"].AsText().empty()) return Complain(manifest, "metadata.name", "a name is required");
    if (IsNew(manifest)) Keep(cleaned, into);
  }

  // Services and claims, by the server's rules.
  template <class T>
  void TakeBeside(const admission::ManifestObject& manifest, const Create& create, std::vector<T>& into) {
    const bool is_new = IsNew(manifest);
    const Admitted admitted = Admit(manifest, create);
    if (is_new) Keep(admitted.object, into);
  }

  template <class T>
  void Keep(const Value& value, std::vector<T>& into) {
    T object;
    FromValue(value, object);
    if (object.metadata.namespace_.empty()) object.metadata.namespace_ = options_.name_space;
    into.push_back(std::move(object));
  }

  // Headless ones give pods their names; there is no load balancer here.
  void TakeService(const admission::ManifestObject& manifest) {
    const bool headless = manifest.value["spec"]["clusterIP"].AsText() == "None";
    if (!headless && options_.run) {
      const Admitted admitted = Admit(manifest, admission::CreateService);
      if (!IsNew(manifest)) return;
      Keep(admitted.object, out_.addressed_services);
      out_.skipped.push_back(
          Cat("Warning: skipped Service ", manifest.value["metadata"]["name"].AsText(), " (", manifest.file->name, ":",
              std::max<std::uint32_t>(manifest.value.mark().line, 1),
              "): only headless ones (clusterIP: None) give pods names here; its variables are there, "
              "but nobody answers for it"));
      return;
    }
    if (!headless) {
      DoNotRun(manifest, manifest.value["spec"]["clusterIP"].IsNull() ? "spec" : "spec.clusterIP",
               "only headless Services are supported; set clusterIP to None to give pods their names");
    }
    TakeBeside(manifest, admission::CreateService, out_.services);
  }

  // False, and said so: there is one of this kind and name already. What gets a generated name is always new.
  bool IsNew(const admission::ManifestObject& manifest) {
    const std::string& kind = manifest.value["kind"].AsText();
    const Value& meta = manifest.value["metadata"];
    const std::string& name = meta["name"].AsText();
    const std::string& own = meta["namespace"].AsText();
    if (name.empty() || options_.lint) return true;
    const document::Mark mark = document::Locate(manifest.value, "metadata.name");
    const std::string place = Cat(manifest.file->name, ":", std::max<std::uint32_t>(mark.line, 1));
    const auto [first, added] = names_.try_emplace({kind, own.empty() ? options_.name_space : own, name}, place);
    if (added) return true;
    Complain(manifest, "metadata.name",
             Cat("there is a ", kind, " ", name, " already, at ", first->second, "; names must differ"));
    return false;
  }

  struct Admitted {
    // As the server would store it; of an object that it refuses, what can be read of it, to find out what else is
    // wrong.
    Value object;
    bool accepted = false;             // perhaps without unknown fields
    std::vector<std::string> dropped;  // paths of values of the wrong type
  };

  Admitted Admit(const admission::ManifestObject& manifest, const Create& create) {
    const std::string& own = manifest.value["metadata"]["namespace"].AsText();
    const std::string name_space = own.empty() ? options_.name_space : own;
    const meta::Uid uid = options_.new_uid();
    const std::string suffix = options_.new_suffix();
    const auto ask = [&](const Value& object, std::string_view validation) {
      return create(object,
                    {name_space, validation, uid, suffix, options_.now, options_.servers.kubernetes, IsTimeZoneHere});
    };
    Admitted out;
    out.object = manifest.value;
    admission::Answer answer = ask(out.object, "Strict");
    if (!answer.ok()) {
      // A value of the wrong type hides all other errors.
      TypeCheck types = CheckTypes(manifest.value, MessageOf(manifest.value), manifest.file->text);
      for (TypeFault& fault : types.faults) {
        out.dropped.push_back(fault.path);
        AddError(AboutFault(manifest, std::move(fault)));
      }
      if (!types.faults.empty()) {
        out.object = std::move(types.cleaned);
        answer = ask(out.object, "Strict");
      }
    }
    if (!answer.ok()) {
      Add(manifest, answer, {}, out.dropped);
      // Unknown and repeated fields hide what validation has to say.
      if (answer.code == 400) {
        answer = ask(out.object, "Ignore");
        if (answer.code == 422) Add(manifest, answer, {}, out.dropped);
      }
    }
    if (!answer.ok()) return out;
    for (const std::string& warning : answer.warnings) out_.warnings.push_back(Cat(manifest.file->name, ": ", warning));
    out.accepted = true;
    out.object = std::move(answer.object);
    return out;
  }

  void TakeJob(const admission::ManifestObject& manifest) {
    const bool is_new = IsNew(manifest);
    const Admitted admitted = Admit(manifest, [](const Value& object, const admission::Request& request) {
      return admission::CreateJob(object, request);
    });
    if (!is_new || !admitted.accepted || !admitted.dropped.empty()) return;
    LoadedJob loaded{{}, manifest};
    FromValue(admitted.object, loaded.job);
    loaded.job.file = manifest.file->name;
    RemarkOnAnnotations(manifest, "metadata.annotations", manifest.value["metadata"]["annotations"]);
    batch::KeepRuleMarks(manifest.value, loaded.job);
    out_.jobs.push_back(std::move(loaded));
  }

  void TakeCronJob(const admission::ManifestObject& manifest) {
    if (!options_.run) {
      return TakeToValidate(manifest, admission::CreateCronJob,
                            "only `reprieve run --cronjob NAME` runs a CronJob's Job");
    }
    const std::string& name = manifest.value["metadata"]["name"].AsText();
    const bool is_new = IsNew(manifest);
    const std::size_t errors = out_.errors.size();
    const Admitted admitted = Admit(manifest, admission::CreateCronJob);
    if (!is_new || !admitted.accepted || out_.errors.size() > errors) return;
    const auto& named = options_.cron_jobs;
    if (std::find(named.begin(), named.end(), name) != named.end()) {
      cron_jobs_run_.insert(name);
      return TakeJob(JobOf(manifest));
    }
    out_.skipped.push_back(Cat("Skipped CronJob ", name, " (", manifest.file->name, ":",
                               std::max<std::uint32_t>(manifest.value.mark().line, 1), "): --cronjob ", name,
                               " runs its Job once"));
  }

  // As `kubectl create job --from=cronjob/NAME` makes it.
  static admission::ManifestObject JobOf(const admission::ManifestObject& cron_job) {
    constexpr std::size_t kMost = 56;  // of a Job's name, which pods' names continue
    const Value& made_from = cron_job.value["spec"]["jobTemplate"];
    const Value& meta = cron_job.value["metadata"];
    admission::ManifestObject out{Value::MakeObject(), cron_job.file};
    out.value.set_mark(cron_job.value.mark());
    out.value.Set("apiVersion", Value::String("batch/v1"));
    out.value.Set("kind", Value::String("Job"));
    Value& own = out.value.Set("metadata", Value::MakeObject());
    own.Set("name", Value::String(Cat(meta["name"].AsText().substr(0, kMost), "-manual")));
    if (!meta["namespace"].IsNull()) own.Set("namespace", meta["namespace"]);
    if (made_from["metadata"]["labels"].IsObject()) own.Set("labels", made_from["metadata"]["labels"]);
    Value annotations = made_from["metadata"]["annotations"];
    if (!annotations.IsObject()) annotations = Value::MakeObject();
    annotations.Set("cronjob.kubernetes.io/instantiate", Value::String("manual"));
    own.Set("annotations", std::move(annotations));
    out.value.Set("spec", made_from["spec"]);
    return out;
  }

  void CheckNamedCronJobs() {
    for (const std::string& name : options_.cron_jobs) {
      if (cron_jobs_run_.contains(name) || !out_.errors.empty()) continue;
      const auto file = std::make_shared<const admission::ManifestFile>(admission::ManifestFile{"--cronjob", name});
      AddError({file, {}, "", Cat("there is no CronJob ", name, " in the manifests"), ""});
    }
  }

  void TakePod(const admission::ManifestObject& manifest) {
    if (!options_.run) {
      return TakeToValidate(manifest, admission::CreatePod,
                            "only `reprieve run` runs a Pod by itself; put it into a Job");
    }
    const bool is_new = IsNew(manifest);
    const Admitted admitted = Admit(manifest, admission::CreatePod);
    RemarkOnAnnotations(manifest, "metadata.annotations", manifest.value["metadata"]["annotations"]);
    if (!is_new || !admitted.accepted || !admitted.dropped.empty()) return;
    LoadedPod loaded{{}, manifest};
    FromValue(admitted.object, loaded.pod);
    out_.pods.push_back(std::move(loaded));
  }

  void TakeToValidate(const admission::ManifestObject& manifest, const Create& create, std::string message) {
    IsNew(manifest);
    [[maybe_unused]] const Admitted admitted = Admit(manifest, create);
    RemarkOnAnnotations(manifest, "metadata.annotations", manifest.value["metadata"]["annotations"]);
    DoNotRun(manifest, "kind", std::move(message));
  }

  void DoNotRun(const admission::ManifestObject& manifest, std::string_view field, std::string message) {
    out_.not_run.push_back(AboutField(manifest, field, std::move(message)));
  }

  void TakeJobSet(const admission::ManifestObject& manifest) {
    const bool is_new = IsNew(manifest);
    Admitted admitted = Admit(manifest, [&](const Value& object, const admission::Request& request) {
      const auto find_claim = [&](const std::string& name) { return FindClaim(std::string(request.name_space), name); };
      return admission::CreateJobSet(object, {request, options_.servers.gates, find_claim, options_.servers.jobset});
    });
    if (!admitted.accepted) {
      admitted.object = model::Decode(admitted.object, model::JobSetMessage()).value;
      admission::DefaultJobSet(admitted.object);
    }
    CheckChildJobs(manifest, admitted);
    std::vector<jobset::ExtensionError> unreadable;
    [[maybe_unused]] const auto extensions = jobset::ReadExtensions(Annotations(admitted.object), &unreadable);
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
    if (!is_new || !admitted.accepted || !admitted.dropped.empty()) return;
    LoadedJobSet loaded{{}, manifest};
    FromValue(admitted.object, loaded.jobset);
    loaded.jobset.file = manifest.file->name;
    jobset::KeepRuleMarks(manifest.value, loaded.jobset);
    out_.jobsets.push_back(std::move(loaded));
  }

  // Reprieve's own are read on JobSets alone.
  void RemarkOnAnnotations(const admission::ManifestObject& manifest, const std::string& field,
                           const Value& annotations) {
    for (const Value::Member& member : annotations.members()) {
      if (!member.key.starts_with(jobset::kExtensionPrefix) || member.key == jobset::kLintIgnore) continue;
      Warn(manifest, Cat(field, "[", member.key, "]"), "has no effect here: it is read on JobSets only");
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

  // The server accepts a JobSet whose Jobs it will refuse; here that is found before anything starts.
  void CheckChildJobs(const admission::ManifestObject& manifest, const Admitted& jobset) {
    const Value& admitted = jobset.object;
    const Value& jobs = admitted["spec"]["replicatedJobs"];
    const std::string& own = admitted["metadata"]["namespace"].AsText();
    const std::string name_space = own.empty() ? options_.name_space : own;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      const Value& replicas = jobs[i]["replicas"];
      if (!replicas.IsNull() && replicas.AsInt() == 0) continue;
      // What is wrong with the names of a JobSet that was refused has been said.
      const std::string name =
          jobset.accepted ? Cat(admitted["metadata"]["name"].AsText(), "-", jobs[i]["name"].AsText(), "-0") : "j";
      const Value job = admission::ChildJob(admitted, i, name);
      const admission::Answer answer =
          admission::CreateJob(job, {name_space, "Ignore", "UID", "", options_.now, options_.servers.kubernetes});
      if (!answer.ok()) Add(manifest, answer, Cat("spec.replicatedJobs[", i, "].template."), jobset.dropped);
    }
  }

  // `prefix`: where in the manifest the object stands that was checked. What is said only because a value of the wrong
  // type was left out (`dropped`) is left out too, and so is what was said before of the same field of the whole.
  void Add(const admission::ManifestObject& manifest, const admission::Answer& answer, const std::string& prefix,
           const std::vector<std::string>& dropped) {
    for (const FieldComplaint& complaint : ExplainAnswer(answer, manifest.value)) {
      Diagnostic diagnostic = AboutField(manifest, Cat(prefix, complaint.field), complaint.message);
      diagnostic.advice = complaint.advice;
      if (IsGenerated(manifest, complaint.field)) diagnostic.advice = std::string(kExportedAdvice);
      const bool known = prefix.empty() ? judged_by_version_.contains(PlaceOf(diagnostic))
                                        : subjects_.contains({manifest.file.get(), diagnostic.subject});
      if (!known && !FollowsFromDropped(manifest.value, diagnostic, dropped)) AddError(std::move(diagnostic));
    }
  }

  // A field that a server fills in, of an object that was read from one.
  static bool IsGenerated(const admission::ManifestObject& manifest, const std::string& field) {
    return IsExported(manifest.value) && (field == "spec.selector" || field == "spec.template.labels" ||
                                          field.starts_with("spec.template.metadata.labels"));
  }

  // A Job that has the name of a JobSet's child: the JobSet would wait for it forever.
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
    AddError(AboutField(manifest, field, std::move(message)));
  }

  void AddError(Diagnostic error) {
    subjects_.insert({error.source.get(), error.subject});
    out_.errors.push_back(std::move(error));
  }

  // Two documents of one file may have the same fields.
  using Place = std::tuple<const admission::ManifestFile*, std::string, std::uint32_t>;
  static Place PlaceOf(const Diagnostic& error) { return {error.source.get(), error.subject, error.mark.line}; }

  struct PassedOver {
    OtherKind other = OtherKind::kIdle;
    std::vector<std::string> names;
    std::vector<std::string> places;
  };

  const LoadOptions& options_;
  Loaded out_;
  std::map<std::pair<std::string, std::string>, PassedOver> passed_over_;  // by kind and apiVersion
  std::set<std::string> cron_jobs_run_;
  std::map<std::tuple<std::string, std::string, std::string>, std::string> names_;  // kind, namespace, name: place
  std::set<std::pair<const admission::ManifestFile*, std::string>> subjects_;       // that there are errors about
  std::set<Place> judged_by_version_;                                               // the errors of CheckServed
};

}  // namespace

Loaded Load(const std::vector<std::string>& paths, const LoadOptions& options) {
  return Loader(options).Run(paths);
}

void UseCountedIdentities(LoadOptions& options) {
  const auto digits = [](std::int64_t number, std::size_t width) {
    const std::string text = Cat(number);
    return Cat(std::string(width - std::min(width, text.size()), '0'), text);
  };
  options.new_uid = [digits, count = std::int64_t{0}]() mutable {
    return Cat("00000000-0000-4000-9000-", digits(++count, 12));
  };
  options.new_suffix = [digits, count = std::int64_t{0}]() mutable { return digits(++count, 5); };
}

void RefuseNotRun(Loaded& loaded) {
  loaded.errors.insert(loaded.errors.end(), loaded.not_run.begin(), loaded.not_run.end());
  loaded.not_run.clear();
  SortByPlace(loaded.errors, loaded.files);
}

void PrintWarnings(const Loaded& loaded) {
  PrintUpstreamWarnings(loaded);
  for (const Diagnostic& warning : loaded.version_warnings) {
    std::fprintf(stderr, "Warning: %s:%u: %s: %s\n", warning.source->name.c_str(), warning.mark.line,
                 warning.subject.c_str(), warning.message.c_str());
  }
}

void PrintUpstreamWarnings(const Loaded& loaded) {
  for (const std::string& line : loaded.skipped) std::fprintf(stderr, "%s\n", line.c_str());
  for (const std::string& warning : loaded.warnings) std::fprintf(stderr, "Warning: %s\n", warning.c_str());
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
