#include "report/manifest_lines.h"

#include <algorithm>

#include "admission/default.h"
#include "admission/default_jobset.h"
#include "base/text.h"
#include "model/decode.h"

namespace reprieve::report {
namespace {

using document::Value;

// Whole, with what the server filled in: a line beside another rule would be worse than none.
template <class Policy>
bool SameRules(const std::optional<Policy>& a, const std::optional<Policy>& b) {
  if (!a || !b) return false;
  return std::equal(a->rules.begin(), a->rules.end(), b->rules.begin(), b->rules.end(),
                    [](const auto& x, const auto& y) { return model::ToValue(x) == model::ToValue(y); });
}

class Lines {
 public:
  Lines(const Value& manifest, const std::string& file, Objects& objects)
      : file_(file), objects_(objects), name_(manifest["metadata"]["name"].AsText()) {
    const std::string& kind = manifest["kind"].AsText();
    if (kind != "Job" && kind != "JobSet") return;
    manifest_ = model::Decode(manifest, kind == "Job" ? model::JobMessage() : model::JobSetMessage()).value;
    if (kind == "Job") {
      admission::DefaultJob(manifest_);
    } else {
      admission::DefaultJobSet(manifest_);
    }
  }

  ManifestLines Run() {
    const std::string& kind = manifest_["kind"].AsText();
    if (kind == "Job") ForJobs();
    if (kind == "JobSet") ForJobSets();
    return std::move(out_);
  }

 private:
  void ForJobs() {
    batch::JobSpec written;
    model::FromValue(manifest_["spec"], written);
    batch::KeepRuleMarks(manifest_["spec"], written);
    for (batch::Job& job : objects_.jobs) {
      if (job.metadata.name == name_) Use(written, job);
    }
  }

  void Use(const batch::JobSpec& written, batch::Job& job) {
    out_.used = true;
    const auto& theirs = job.spec->pod_failure_policy;
    if (!theirs && !written.pod_failure_policy) return;
    if (!SameRules(theirs, written.pod_failure_policy)) return Differs("Job", job.metadata);
    batch::TakeRuleMarks(written, job);
    job.file = file_;
  }

  void Differs(std::string_view kind, const meta::ObjectMeta& metadata) {
    out_.notes.push_back(Cat("The failure rules of ", kind, " ", metadata.name, " in ", file_,
                             " are not those of the object: no lines of that file are shown for them."));
  }

  void ForJobSets() {
    jobset::JobSet written;
    FromValue(manifest_, written);
    if (!written.spec) return;
    jobset::KeepRuleMarks(manifest_, written);
    for (jobset::JobSet& jobset : objects_.jobsets) {
      if (jobset.metadata.name != name_) continue;
      out_.used = true;
      UseForJobs(*written.spec, jobset);
      const auto& theirs = jobset.spec->failure_policy;
      if (!theirs || theirs->rules.empty()) continue;
      if (!SameRules(theirs, written.spec->failure_policy)) {
        Differs("JobSet", jobset.metadata);
        continue;
      }
      auto spec = std::make_shared<jobset::JobSetSpec>(*jobset.spec);
      for (std::size_t i = 0; i < spec->failure_policy->rules.size(); ++i) {
        spec->failure_policy->rules[i].mark = written.spec->failure_policy->rules[i].mark;
      }
      jobset.spec = std::move(spec);
      jobset.file = file_;
    }
  }

  void UseForJobs(const jobset::JobSetSpec& written, const jobset::JobSet& jobset) {
    for (batch::Job& job : objects_.jobs) {
      const meta::OwnerReference* owner = job.metadata.Controller();
      if (owner == nullptr || owner->kind != "JobSet" || owner->name != jobset.metadata.name) continue;
      const SharedString* of = job.metadata.labels.Find(jobset::kReplicatedJobName);
      if (of == nullptr) continue;
      for (const jobset::ReplicatedJob& replicated : written.replicated_jobs) {
        if (replicated.name == of->str() && replicated.job_template.spec) Use(*replicated.job_template.spec, job);
      }
    }
  }

  Value manifest_;
  const std::string& file_;
  Objects& objects_;
  const std::string name_;
  ManifestLines out_;
};

}  // namespace

ManifestLines UseLinesOf(const Value& manifest, const std::string& file, Objects& objects) {
  return Lines(manifest, file, objects).Run();
}

}  // namespace reprieve::report
