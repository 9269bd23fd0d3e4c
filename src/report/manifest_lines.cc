#include "report/manifest_lines.h"

#include <algorithm>

#include "base/text.h"

namespace reprieve::report {
namespace {

using document::Value;

template <class Rules>
bool SameActions(const Rules& a, const Rules& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x.action == y.action; });
}

template <class Policy>
bool SameRules(const std::optional<Policy>& a, const std::optional<Policy>& b) {
  return a && b && SameActions(a->rules, b->rules);
}

class Lines {
 public:
  Lines(const Value& manifest, const std::string& file, Objects& objects)
      : manifest_(manifest), file_(file), objects_(objects), name_(manifest["metadata"]["name"].AsText()) {}

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
    out_.notes.push_back(Cat("The failure rules of ", kind, " ", metadata.name, " are others in ", file_,
                             ": lines are those of the objects."));
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

  const Value& manifest_;
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
