#include "lint/lint.h"

#include "admission/admission.h"
#include "admission/child_job.h"
#include "lint/checks.h"

namespace reprieve::lint {
namespace {

using document::Value;

void CheckJob(const JobSubject& job, Findings& out) {
  CheckRuleReach(job, out);
  CheckExitCodeRules(job, out);
  CheckJobLimits(job, out);
  CheckIndexLimits(job, out);
  CheckCommands(job, out);
}

// The Job as the API server of its cluster admits it. False: it refuses it.
bool Admit(const Value& body, std::string_view name_space, model::KubernetesVersion version, batch::Job& out) {
  const admission::Answer answer =
      admission::CreateJob(body, {name_space.empty() ? "default" : name_space, "Ignore", "UID", "", Time{}, version});
  if (answer.ok()) FromValue(answer.object, out);
  return answer.ok();
}

}  // namespace

std::vector<Finding> LintJob(const batch::Job& job, const Value& manifest) {
  JobSubject subject;
  subject.job = job;
  subject.written = &manifest;
  if (subject.policy() != nullptr) subject.reach = Reach(subject.spec());
  Findings out;
  CheckJob(subject, out);
  CheckKeys(manifest, out);
  return out.Take();
}

std::vector<Finding> LintCronJob(const Value& manifest, model::KubernetesVersion version) {
  Findings out;
  JobSubject subject;
  const Value& metadata = manifest["metadata"];
  const Value& job_template = manifest["spec"]["jobTemplate"];
  if (!job_template.IsObject()) return {};
  const std::string name = Cat(metadata["name"].AsText(), "-29400000");
  const Value job = admission::JobOfTemplate(job_template, name);
  if (!Admit(job, metadata["namespace"].AsText(), version, subject.job)) return {};
  subject.written = &job_template;
  subject.prefix = "spec.jobTemplate.";
  if (subject.policy() != nullptr) subject.reach = Reach(subject.spec());
  CheckJob(subject, out);
  CheckKeys(manifest, out);
  return out.Take();
}

std::vector<Finding> LintJobSet(const jobset::JobSet& jobset, const Value& manifest, model::KubernetesVersion version) {
  JobSetSubject subject;
  subject.jobset = &jobset;
  subject.written = &manifest;
  Findings out;
  const Value admitted = model::ToValue(jobset);
  const auto& groups = jobset.spec->replicated_jobs;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    JobSubject job;
    if (groups[i].replicas == 0) continue;
    const std::string name = Cat(jobset.metadata.name, "-", groups[i].name, "-0");
    if (!Admit(admission::ChildJob(admitted, i, name), jobset.metadata.namespace_, version, job.job)) continue;
    job.written = &manifest["spec"]["replicatedJobs"][i]["template"];
    job.prefix = Cat("spec.replicatedJobs[", i, "].template.");
    job.jobset = &jobset;
    job.group = &groups[i];
    if (job.policy() != nullptr || subject.policy() != nullptr) job.reach = Reach(job.spec());
    CheckJob(job, out);
    subject.jobs.push_back(std::move(job));
  }
  CheckJobSetRules(subject, out);
  CheckMessagePatterns(subject, out);
  CheckGang(subject, out);
  CheckKeys(manifest, out);
  return out.Take();
}

}  // namespace reprieve::lint
