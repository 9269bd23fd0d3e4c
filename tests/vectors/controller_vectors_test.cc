// Runs the vectors about the Job controller: a Job, what its pods do, and what follows when.
#include "admission/admission.h"
#include "admission/patch.h"
#include "document/json.h"
#include "vectors/scenario.h"
#include "vectors/vectors.h"

namespace reprieve {
namespace {

using document::Value;
using vectors::DurationOf;

class Scenario final : public world::Watcher {
 public:
  explicit Scenario(const Value& input)
      : input_(input), kubelet_(simulation_, [this](const core::Pod&) { return Life(); }), start_(simulation_.Now()) {
    simulation_.store().AddWatcher(this);
  }
  ~Scenario() override { simulation_.store().RemoveWatcher(this); }

  void Run() {
    AddJob();
    for (const Value& orphan : input_["orphans"].items()) AddOrphan(orphan);
    for (const Value& change : input_["user"].items()) {
      simulation_.agenda().At(start_ + DurationOf(change["at"]), [this, &change] { Patch(change["patch"]); });
    }
    for (const Value& deletion : input_["delete"].items()) {
      simulation_.agenda().At(start_ + DurationOf(deletion["at"]),
                              [this, &deletion] { DeletePod(deletion["pod"].AsInt()); });
    }
    for (const Value& restart : input_["restart"].items()) {
      simulation_.agenda().At(start_ + DurationOf(restart), [this] { simulation_.RestartController(); });
    }
    const Value* until = input_.Find("until");
    simulation_.RunUntil(start_ + (until != nullptr ? DurationOf(*until) : Nanoseconds(std::chrono::hours(48))));
  }

  Value Seen() const {
    Value out = Value::MakeObject();
    out.Set("created", created_);
    for (const auto& [type, at] : conditions_) out.Set(type, Value::Number(at));
    if (!gone_.empty()) out.Set("gone", Value::Number(gone_));
    if (const batch::Job* job = Job()) {
      Value status = model::ToValue(job->status);
      const char* final_type = job->status.IsTrue("Failed") ? "Failed" : "Complete";
      if (const auto* end = job->status.FindCondition(final_type)) out.Set("reason", Value::String(end->reason));
      out.Set("status", std::move(status));
      Value& finalizers = out.Set("finalizers", Value::Int(0));
      std::int64_t held = 0;
      for (const core::Pod* pod : simulation().Pods())
        held += pod->metadata.HasFinalizer(batch::kTrackingFinalizer) ? 1 : 0;
      finalizers = Value::Int(held);
    }
    return out;
  }

  void JobChanged(const batch::Job& job) override {
    for (const batch::JobCondition& condition : job.status.conditions) {
      if (condition.status == "True") conditions_.try_emplace(condition.type, Now());
    }
  }
  void JobDeleted(const batch::Job&) override { gone_ = Now(); }
  void PodChanged(const core::Pod& pod) override {
    if (!known_.insert(pod.metadata.uid).second) return;
    names_.push_back(pod.metadata.name);
    if (!pod.metadata.generate_name.empty()) created_.Append(Value::Number(Now()));
  }
  void PodDeleted(const core::Pod&) override {}

 private:
  const store::Store& simulation() const { return const_cast<Scenario*>(this)->simulation_.store(); }
  const batch::Job* Job() const { return simulation().FindJob({"ns", "j"}); }
  std::string Now() const { return vectors::SecondsText(const_cast<Scenario*>(this)->simulation_.Now() - start_); }

  void AddJob() {
    Value manifest = *document::ParseJson(
        R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"j"},"spec":{"template":{"spec":{"containers":[{"name":"main","image":"i"}],"restartPolicy":"Never"}}}})");
    Value merge = Value::MakeObject();
    merge.Set("spec", input_["spec"]);
    manifest = admission::MergePatch(manifest, merge);
    const meta::Uid uid = simulation_.store().NewUid();
    const admission::Answer answer = admission::CreateJob(manifest, {"ns", "Strict", uid, "", simulation_.Now()});
    ASSERT_TRUE(answer.ok()) << answer.message;
    batch::Job job;
    FromValue(answer.object, job);
    if (const Value* status = input_.Find("status")) job.status = model::Bind<batch::JobStatus>(*status);
    simulation_.store().AddJob(std::move(job));
  }

  // An orphan pod; with `matches` the Job's selector matches it.
  void AddOrphan(const Value& orphan) {
    core::Pod pod;
    pod.metadata.namespace_ = "ns";
    pod.metadata.name = orphan["name"].AsText();
    if (orphan["matches"].AsBool()) pod.metadata.labels.Set(batch::kControllerUid, Job()->metadata.uid);
    if (orphan["finalizer"].AsBool()) pod.metadata.finalizers.Add(batch::kTrackingFinalizer);
    pod.spec = Job()->spec->pod_template.spec;
    simulation_.store().AddPod(std::move(pod));
  }

  void Patch(const Value& patch) {
    const admission::Answer answer = admission::PatchJob(ToValue(*Job()), admission::PatchType::kMerge, patch,
                                                         {"ns", "", "", "", simulation_.Now()});
    ASSERT_TRUE(answer.ok()) << answer.message;
    batch::Job job;
    FromValue(answer.object, job);
    simulation_.store().ReplaceJob(job);
  }

  void DeletePod(std::int64_t number) {
    const SharedString& name = names_.at(static_cast<std::size_t>(number) - 1);
    if (const core::Pod* pod = simulation_.store().FindPod({"ns", name}))
      simulation_.store().DeletePod(world::ReferenceTo(*pod));
  }

  // What the n-th pod does; the last entry applies to all further ones.
  sim::PodScript Life() {
    const Value& lives = input_["pods"];
    if (lives.size() == 0) return {};
    return vectors::ScriptOf(lives[std::min(lives_++, lives.size() - 1)], simulation_);
  }

  const Value& input_;
  sim::Simulation simulation_{{}};
  sim::ScriptedKubelet kubelet_;
  const Time start_;
  std::size_t lives_ = 0;
  Value created_ = Value::MakeArray();
  std::map<std::string, std::string> conditions_;
  std::string gone_;
  std::set<meta::Uid> known_;
  std::vector<SharedString> names_;
};

void RunScenario(const Value& input, const Value& expect) {
  Scenario scenario(input);
  scenario.Run();
  vectors::ExpectWithin(expect, scenario.Seen(), "seen");
}

constexpr vectors::VectorFile kFiles[] = {{"controller", RunScenario}};

}  // namespace
}  // namespace reprieve

int main(int argc, char** argv) {
  return reprieve::vectors::RunAll(argc, argv, reprieve::kFiles);
}
