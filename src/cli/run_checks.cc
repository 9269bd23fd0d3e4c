#include "cli/run_checks.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "cli/incident_names.h"
#include "cli/placement_advice.h"
#include "controllers/jobset/placement.h"
#include "kubelet/start_obstacles.h"

namespace reprieve::cli {
namespace {

class RunnableCheck {
 public:
  RunnableCheck(const node::LocalWorld& world, const admission::ManifestObject& manifest,
                const std::vector<world::Incident>& incidents, Loaded& loaded)
      : world_(world), manifest_(manifest), incidents_(incidents), errors_(loaded.errors), warnings_(loaded.warnings) {}

  void Check(const batch::Job& job) {
    const batch::JobSpec& spec = *job.spec;
    if (spec.managed_by && *spec.managed_by != batch::kBuiltInController) {
      Complain("spec.managedBy",
               Cat("another controller, ", *spec.managed_by, ", manages this Job; remove the field to run it here"));
    }
    if (spec.suspended()) CheckResumed(world::Kind::kJob, job.metadata);
    CheckEnds(spec, "spec");
    CheckPods({job.metadata.namespace_.str(), spec.indexed()}, *spec.pod_template.spec,
              manifest_.value["spec"]["template"], "spec.template");
  }

  void Check(const core::Pod& pod) {
    if (pod.spec->restart_policy == core::RestartPolicy::kAlways && !pod.spec->active_deadline_seconds) {
      warnings_.push_back(WarningAbout(manifest_, "spec.restartPolicy",
                                       "Always, as it is by default, never lets the pod end; Ctrl-C ends it"));
    }
    CheckPods({pod.metadata.namespace_.str(), false}, *pod.spec, manifest_.value, "");
  }

  void Check(const jobset::JobSet& jobset) {
    const jobset::JobSetSpec& spec = *jobset.spec;
    if (spec.managed_elsewhere()) {
      Complain("spec.managedBy",
               Cat("another controller, ", *spec.managed_by, ", manages this JobSet; remove the field to run it here"));
    }
    if (spec.suspended()) CheckResumed(world::Kind::kJobSet, jobset.metadata);
    const auto& jobs = spec.replicated_jobs;
    if (std::all_of(jobs.begin(), jobs.end(), [](const auto& job) { return job.replicas == 0; })) {
      Complain("spec.replicatedJobs", jobs.empty() ? "a JobSet without replicated jobs never ends; give it one"
                                                   : "a JobSet whose replicated jobs all have 0 replicas never ends; "
                                                     "give one of them a replica");
    }
    std::set<std::string> earlier;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      const std::string path = Cat("spec.replicatedJobs[", i, "]");
      CheckDependencies(jobs[i], earlier, path);
      earlier.insert(jobs[i].name);
      if (jobs[i].replicas == 0) continue;
      CheckEnds(*jobs[i].job_template.spec, Cat(path, ".template.spec"));
      CheckPlacement(jobset, jobs[i], path);
      const batch::JobSpec& job = *jobs[i].job_template.spec;
      const document::Value& written = manifest_.value["spec"]["replicatedJobs"][i]["template"]["spec"]["template"];
      CheckPods({jobset.metadata.namespace_.str(), job.indexed()}, WithClaims(spec, *job.pod_template.spec), written,
                Cat(path, ".template.spec.template"));
    }
  }

 private:
  void Complain(std::string_view field, std::string message) {
    errors_.push_back(AboutField(manifest_, field, std::move(message)));
  }

  // Something resumes it, or the run would never end.
  void CheckResumed(world::Kind kind, const meta::ObjectMeta& metadata) {
    const bool resumed = std::any_of(incidents_.begin(), incidents_.end(), [&](const world::Incident& incident) {
      return incident.fault == world::FaultKind::kResumed && incident.owner_kind == kind &&
             metadata.name == incident.owner;
    });
    if (resumed) return;
    Complain("spec.suspend", Cat("a suspended ", world::NameOf(kind), " never ends"));
    errors_.back().advice = Cat("Run it all the same: --resume. Or rehearse it: --inject '", world::NameOf(kind), " ",
                                metadata.name, " is resumed at 10s'.");
  }

  void CheckEnds(const batch::JobSpec& spec, const std::string& path) {
    if (spec.parallelism.value_or(1) != 0 || spec.active_deadline_seconds) return;
    if (spec.completions && *spec.completions == 0) return;  // complete as it is
    Complain(Cat(path, ".parallelism"),
             "with parallelism 0 no pod is ever made, and the Job never ends; give it 1 or more, or set "
             "activeDeadlineSeconds");
  }

  // `written`: the pod template as it stands in the manifest, at `path`; empty: all of it.
  void CheckPods(const kubelet::PodOrigin& origin, const core::PodSpec& spec, const document::Value& written,
                 const std::string& path) {
    const std::string of_spec = path.empty() ? "spec" : Cat(path, ".spec");
    for (std::string& why : world_.WhyNotRunnable(spec, origin.name_space)) Complain(of_spec, std::move(why));
    const bool in_images = world_.images().RunInImages(spec);
    Add(kubelet::UnsupportedFields(written, path, in_images), "");
    // What an image says of user and directory is known once it is there.
    const std::string directory = in_images ? std::string("/") : world_.WorkingDirectory();
    Add(kubelet::StartObstacles(spec, origin, world_.settings(), directory), of_spec);
    if (kubelet::AsksForRights(spec)) {
      Add(kubelet::BeyondRights(spec, in_images ? kubelet::kRightsOfAnEngine : world_.Rights()), of_spec);
    }
    Add(WhyNoPlace(spec, world_.nodes()), of_spec);
  }

  // What to do follows the last semicolon; it stands on a line of its own.
  static Diagnostic WithAdvice(Diagnostic diagnostic) {
    const std::size_t end = diagnostic.message.rfind("; ");
    if (end == std::string::npos) return diagnostic;
    diagnostic.advice = Cat(diagnostic.message.substr(end + 2), ".");
    if (IsLower(diagnostic.advice[0])) diagnostic.advice[0] = static_cast<char>(diagnostic.advice[0] - 'a' + 'A');
    diagnostic.message.resize(end);
    return diagnostic;
  }

  // `under`: what their paths continue.
  void Add(std::vector<kubelet::FieldFinding> findings, const std::string& under) {
    for (kubelet::FieldFinding& finding : findings) {
      if (finding.path.starts_with('.')) finding.path.erase(0, 1);  // of a Pod's own fields
      const std::string path = under.empty()          ? finding.path
                               : finding.path.empty() ? under
                                                      : Cat(under, ".", finding.path);
      if (finding.support == model::Support::kWarned) {
        warnings_.push_back(WarningAbout(manifest_, path, finding.reason));
      } else if (finding.support == model::Support::kRefused) {
        errors_.push_back(WithAdvice(AboutField(manifest_, path, std::move(finding.reason))));
      }
    }
  }

  // Exclusive placement (spec/jobset.md 4): domains for the leaders to find, and Jobs that have leaders.
  void CheckPlacement(const jobset::JobSet& jobset, const jobset::ReplicatedJob& group, const std::string& path) {
    const meta::Labels& of_template = group.job_template.metadata.annotations;
    const auto placement = controllers::PlacementOf(jobset.metadata.annotations, of_template);
    if (placement.topology == nullptr) return;
    if (placement.node_selector != nullptr) return CheckPreparedNodes(jobset, group, path);
    if (!group.job_template.spec->indexed()) {
      return Complain(Cat(path, ".template.spec.completionMode"),
                      Cat("exclusive placement follows the pod with completion index 0, and a NonIndexed Job has none: "
                          "its pods would be refused forever; set it to Indexed, or remove the annotation ",
                          jobset::kExclusiveTopology));
    }
    const auto& nodes = world_.nodes();
    const bool any = std::any_of(nodes.begin(), nodes.end(), [&](const scheduler::Node& node) {
      return node.labels.contains(placement.topology->str());
    });
    if (any) return;
    const std::string at = of_template.Find(jobset::kExclusiveTopology) != nullptr ? Cat(path, ".template.") : "";
    Complain(Cat(at, "metadata.annotations[", jobset::kExclusiveTopology, "]"),
             Cat("no node has a label ", *placement.topology,
                 ", so that no pod could be placed; label the nodes, as by "
                 "--nodes 2 --node-label n1:",
                 *placement.topology, "=a --node-label n2:", *placement.topology, "=b"));
  }

  // The user has prepared nodes for each Job (spec/jobset.md 2.9).
  void CheckPreparedNodes(const jobset::JobSet& jobset, const jobset::ReplicatedJob& group, const std::string& path) {
    std::set<std::string> prepared;
    for (const scheduler::Node& node : world_.nodes()) {
      const auto at = node.labels.find(std::string(jobset::kNamespacedJob));
      if (at != node.labels.end()) prepared.insert(at->second);
    }
    for (std::int32_t i = 0; i < group.replicas; ++i) {
      const std::string wanted = Cat(jobset.metadata.namespace_, "_", jobset.metadata.name, "-", group.name, "-", i);
      if (prepared.contains(wanted)) continue;
      return Complain(path, Cat("no node is prepared for its Job ", i, ", as the annotation ", jobset::kNodeSelector,
                                " wants it; label one by --node-label n1:", jobset::kNamespacedJob, "=", wanted));
    }
  }

  void CheckDependencies(const jobset::ReplicatedJob& job, const std::set<std::string>& earlier,
                         const std::string& path) {
    for (std::size_t i = 0; i < job.depends_on.size(); ++i) {
      const std::string& on = job.depends_on[i].name;
      if (earlier.contains(on)) continue;
      Complain(Cat(path, ".dependsOn[", i, "].name"),
               on == job.name ? Cat("replicated job ", on, " waits for itself and never starts; name an earlier one")
                              : Cat("there is no replicated job ", on, " earlier in the list; name one that is"));
    }
  }

  // Its claims will be there when its pods are: any volume of that name will do.
  static core::PodSpec WithClaims(const jobset::JobSetSpec& spec, core::PodSpec pod) {
    for (const jobset::VolumeClaimPolicy& policy : spec.volume_claim_policies) {
      for (const core::PersistentVolumeClaim& claim : policy.templates) {
        pod.volumes.emplace_back().name = claim.metadata.name;
      }
    }
    return pod;
  }

  const node::LocalWorld& world_;
  const admission::ManifestObject& manifest_;
  const std::vector<world::Incident>& incidents_;
  std::vector<Diagnostic>& errors_;
  std::vector<std::string>& warnings_;
};

// Reads one event after the other; what is wrong is added to `errors`, at its word.
class InjectionReader {
 public:
  InjectionReader(const std::vector<scheduler::Node>& nodes, const Loaded& loaded, std::vector<Diagnostic>& errors)
      : names_(NamesOf(nodes), loaded), errors_(errors) {}

  void Read(const std::string& text, std::vector<world::Incident>& out) {
    const auto file = std::make_shared<const admission::ManifestFile>(admission::ManifestFile{"--inject", text});
    const auto complain = [&](std::size_t at, std::string message, std::string advice) {
      errors_.push_back(
          {file, {1, static_cast<std::uint32_t>(at + 1)}, "EVENT", std::move(message), std::move(advice)});
    };
    auto parsed = world::ParseIncident(text);
    if (const auto* error = std::get_if<world::IncidentError>(&parsed)) return complain(error->at, error->message, "");
    auto& incident = std::get<world::Incident>(parsed);
    if (world::OnlySimulated(incident.fault)) {
      return complain(0, "processes on this machine can't be made to do that", "`reprieve test` can show it.");
    }
    if (auto fault = names_.Check(incident)) return complain(fault->at, fault->message, fault->advice);
    out.push_back(std::move(incident));
  }

 private:
  static std::vector<std::string> NamesOf(const std::vector<scheduler::Node>& nodes) {
    std::vector<std::string> out;
    out.reserve(nodes.size());
    for (const scheduler::Node& node : nodes) out.push_back(node.name);
    return out;
  }

  const IncidentNames names_;
  std::vector<Diagnostic>& errors_;
};

}  // namespace

void CheckRunnable(const node::LocalWorld& world, const std::string& first_path,
                   const std::vector<world::Incident>& incidents, Loaded& loaded) {
  for (const LoadedJob& job : loaded.jobs) RunnableCheck(world, job.manifest, incidents, loaded).Check(job.job);
  for (const LoadedJobSet& jobset : loaded.jobsets) {
    RunnableCheck(world, jobset.manifest, incidents, loaded).Check(jobset.jobset);
  }
  for (const LoadedPod& pod : loaded.pods) RunnableCheck(world, pod.manifest, incidents, loaded).Check(pod.pod);
  RefuseNotRun(loaded);
  if (loaded.errors.empty() && loaded.jobs.empty() && loaded.jobsets.empty() && loaded.pods.empty()) {
    auto file = std::make_shared<const admission::ManifestFile>(admission::ManifestFile{first_path, {}});
    loaded.errors.push_back({std::move(file), {}, "", "has no Job, no JobSet and no Pod in it", ""});
  }
  SortByPlace(loaded.errors, loaded.files);
}

void Resume(Loaded& loaded) {
  for (LoadedJob& job : loaded.jobs) {
    if (!job.job.spec->suspended()) continue;
    auto spec = std::make_shared<batch::JobSpec>(*job.job.spec);
    spec->suspend = false;
    job.job.spec = std::move(spec);
  }
  for (LoadedJobSet& jobset : loaded.jobsets) {
    if (!jobset.jobset.spec->suspended()) continue;
    auto spec = std::make_shared<jobset::JobSetSpec>(*jobset.jobset.spec);
    spec->suspend = false;
    jobset.jobset.spec = std::move(spec);
  }
}

std::vector<world::Incident> ReadInjections(const std::vector<std::string>& texts,
                                            const std::vector<scheduler::Node>& nodes, const Loaded& loaded,
                                            std::vector<Diagnostic>& errors) {
  std::vector<world::Incident> out;
  InjectionReader reader(nodes, loaded, errors);
  for (const std::string& text : texts) reader.Read(text, out);
  return out;
}

}  // namespace reprieve::cli
