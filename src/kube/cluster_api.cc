#include "kube/cluster_api.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "document/json.h"
#include "document/json_cursor.h"

namespace reprieve::kube {
namespace {

using document::Value;
using world::WriteCode;
using world::WriteResult;

constexpr std::string_view kMergePatch = "application/merge-patch+json";
constexpr std::string_view kStrategicPatch = "application/strategic-merge-patch+json";
// Of an answer only name and version are read: the server need not send the rest.
constexpr std::string_view kMetadataOnly =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";

Value Object() {
  return Value::MakeObject();
}

std::string_view NameOf(world::Propagation propagation) {
  switch (propagation) {
    case world::Propagation::kBackground:
      return "Background";
    case world::Propagation::kForeground:
      return "Foreground";
    case world::Propagation::kOrphan:
      return "Orphan";
  }
  return "Background";
}

std::string PathOf(std::string_view group, std::string_view resource, std::string_view name_space,
                   std::string_view name = "", std::string_view sub = "") {
  std::string out = Cat(group, "/namespaces/", name_space, "/", resource);
  if (!name.empty()) AppendTo(out, "/", name);
  if (!sub.empty()) AppendTo(out, "/", sub);
  return out;
}

constexpr std::string_view kCore = "/api/v1";
constexpr std::string_view kBatch = "/apis/batch/v1";
constexpr std::string_view kJobSets = "/apis/jobset.x-k8s.io/v1alpha2";

Ask WriteText(std::string_view method, std::string path, std::string body,
              std::string_view content_type = "application/json") {
  Ask out;
  out.method = method;
  out.path = std::move(path);
  out.body = std::move(body);
  out.content_type = content_type;
  out.accept = kMetadataOnly;
  return out;
}

Ask Write(std::string_view method, std::string path, const Value& body,
          std::string_view content_type = "application/json") {
  return WriteText(method, std::move(path), document::WriteJson(body), content_type);
}

Ask Post(std::string path, Value body) {
  body.Remove("status");
  return Write("POST", std::move(path), body);
}

Ask Delete(std::string path, const meta::Uid& uid, std::string_view propagation, bool at_once = false) {
  Value options = Object();
  options.Set("apiVersion", Value::String("v1"));
  options.Set("kind", Value::String("DeleteOptions"));
  if (!propagation.empty()) options.Set("propagationPolicy", Value::String(std::string(propagation)));
  if (at_once) options.Set("gracePeriodSeconds", Value::Int(0));
  options.Set("preconditions", Object()).Set("uid", Value::String(uid.str()));
  return Write("DELETE", std::move(path), options);
}

// A patch of the metadata of the object of that UID.
Value MetadataPatch(const meta::Uid& uid) {
  Value patch = Object();
  patch.Set("metadata", Object()).Set("uid", Value::String(uid.str()));
  return patch;
}

void DropFinalizer(Value& patch, std::string_view finalizer) {
  patch.At("metadata")
      .Set("$deleteFromPrimitiveList/finalizers", Value::MakeArray())
      .Append(Value::String(std::string(finalizer)));
}

// The stored object with another status; its spec, which the server does not look at here, is left out.
template <class Status>
Value WithStatus(const meta::ObjectMeta& stored, std::string_view api_version, std::string_view kind,
                 meta::ResourceVersion version, const Status& status) {
  Value out = Object();
  out.Set("apiVersion", Value::String(std::string(api_version)));
  out.Set("kind", Value::String(std::string(kind)));
  Value& metadata = out.Set("metadata", ToValue(stored));
  metadata.Set("resourceVersion", Value::String(std::to_string(version)));
  out.Set("status", model::ToValue(status));
  return out;
}

WriteResult Gone(std::string_view resource, std::string_view name) {
  return {WriteCode::kNotFound, Cat(resource, " \"", name, "\" not found"), 0};
}

// Reads on only until both are known: most of the rest are managed fields.
void ReadMade(std::string_view body, WriteResult& out) {
  document::JsonCursor in(body);
  std::string_view key;
  if (!in.BeginObject()) return;
  while (in.NextMember(key)) {
    if (key != "metadata") {
      in.Skip();
      continue;
    }
    if (!in.BeginObject()) continue;
    while (in.NextMember(key)) {
      if (key == "name") {
        out.name = SharedString(in.ReadText());
      } else if (key == "resourceVersion") {
        const std::int64_t version = ParseInt64(in.ReadText()).value_or(0);
        out.version = static_cast<meta::ResourceVersion>(std::max<std::int64_t>(version, 0));
      } else {
        in.Skip();
      }
      if (!out.name.empty() && out.version != 0) return;
    }
  }
}

}  // namespace

// The HTTP request of each kind of write; or the answer, where what is known says it already.
struct ClusterApi::Build {
  using Made = std::variant<Ask, WriteResult>;

  const KnownObjects& known;
  const world::Clock& clock;
  PodBodies& pods;

  static std::string PodPath(const world::PodReference& pod, std::string_view sub = "") {
    return PathOf(kCore, "pods", pod.namespace_, pod.name, sub);
  }
  static std::string JobPath(const meta::ObjectKey& job, std::string_view sub = "") {
    return PathOf(kBatch, "jobs", job.namespace_, job.name, sub);
  }
  static std::string JobSetPath(const meta::ObjectKey& jobset, std::string_view sub = "") {
    return PathOf(kJobSets, "jobsets", jobset.namespace_, jobset.name, sub);
  }

  Made operator()(const world::CreatePod& r) const {
    return WriteText("POST", PathOf(kCore, "pods", r.pod->metadata.namespace_), pods.Of(*r.pod));
  }
  Made operator()(const world::DeletePod& r) const { return Delete(PodPath(r.pod), r.pod.uid, "", r.at_once); }
  Made operator()(const world::RemovePodFinalizer& r) const {
    Value patch = MetadataPatch(r.pod.uid);
    DropFinalizer(patch, r.finalizer);
    return Write("PATCH", PodPath(r.pod), patch, kStrategicPatch);
  }
  Made operator()(const world::AdoptPod& r) const {
    Value patch = MetadataPatch(r.pod.uid);
    Value& metadata = patch.At("metadata");
    metadata.Set("ownerReferences", Value::MakeArray()).Append(model::ToValue(*r.owner));
    metadata.Set("finalizers", Value::MakeArray()).Append(Value::String(std::string(r.finalizer)));
    return Write("PATCH", PodPath(r.pod), patch, kStrategicPatch);
  }
  Made operator()(const world::ReleasePod& r) const {
    Value patch = MetadataPatch(r.pod.uid);
    Value owner = Object();
    owner.Set("$patch", Value::String("delete"));
    owner.Set("uid", Value::String(r.owner_uid.str()));
    patch.At("metadata").Set("ownerReferences", Value::MakeArray()).Append(std::move(owner));
    DropFinalizer(patch, r.finalizer);
    return Write("PATCH", PodPath(r.pod), patch, kStrategicPatch);
  }
  Made operator()(const world::MarkDisrupted& r) const {
    const core::Pod* pod = known.pods.Find(r.pod.uid);
    if (pod == nullptr) return Gone("pods", r.pod.name);
    Value patch = MetadataPatch(r.pod.uid);
    // Whoever has changed the pod since, a kubelet that says how it ended, comes first.
    patch.At("metadata").Set("resourceVersion", Value::String(std::to_string(pod->metadata.resource_version)));
    Value& status = patch.Set("status", Object());
    const core::PodCondition* there = pod->status.FindCondition(core::kDisruptionTargetCondition);
    if (there == nullptr || there->status != "True") {
      Value condition = Object();
      condition.Set("type", Value::String(std::string(core::kDisruptionTargetCondition)));
      condition.Set("status", Value::String("True"));
      condition.Set("reason", Value::String(std::string(r.reason)));
      condition.Set("message", Value::String(r.message));
      condition.Set("lastTransitionTime", Value::String(FormatRfc3339(clock.Now())));
      status.Set("conditions", Value::MakeArray()).Append(std::move(condition));
    }
    if (r.fail && pod->status.phase != core::PodPhase::kSucceeded) status.Set("phase", Value::String("Failed"));
    return Write("PATCH", PodPath(r.pod, "status"), patch, kStrategicPatch);
  }

  Made operator()(const world::UpdateJobStatus& r) const {
    const batch::Job* job = known.jobs.Find(r.job);
    if (job == nullptr || job->metadata.uid != r.uid) return Gone("jobs.batch", r.job.name);
    return Write("PUT", JobPath(r.job, "status"), WithStatus(job->metadata, "batch/v1", "Job", r.version, *r.status));
  }
  Made operator()(const world::DeleteJob& r) const { return Delete(JobPath(r.job), r.uid, NameOf(r.propagation)); }
  Made operator()(const world::RemoveJobFinalizer& r) const {
    Value patch = MetadataPatch(r.uid);
    DropFinalizer(patch, r.finalizer);
    return Write("PATCH", JobPath(r.job), patch, kStrategicPatch);
  }
  Made operator()(const world::CreateJob& r) const {
    return Post(PathOf(kBatch, "jobs", r.job->metadata.namespace_), ToValue(*r.job));
  }
  Made operator()(const world::UpdateJob& r) const {
    return Write("PUT", JobPath(meta::KeyOf(r.job->metadata)), ToValue(*r.job));
  }
  Made operator()(const world::ResizeJob& r) const {
    Value patch = MetadataPatch(r.uid);
    Value& spec = patch.Set("spec", Object());
    spec.Set("parallelism", model::ToValue(r.parallelism));
    spec.Set("completions", model::ToValue(r.completions));
    return Write("PATCH", JobPath(r.job), patch, kMergePatch);
  }

  Made operator()(const world::UpdateJobSetStatus& r) const {
    const jobset::JobSet* set = known.jobsets.Find(r.jobset);
    if (set == nullptr || set->metadata.uid != r.uid) return Gone("jobsets.jobset.x-k8s.io", r.jobset.name);
    return Write("PUT", JobSetPath(r.jobset, "status"),
                 WithStatus(set->metadata, jobset::kApiVersion, "JobSet", r.version, *r.status));
  }
  Made operator()(const world::DeleteJobSet& r) const {
    return Delete(JobSetPath(r.jobset), r.uid, NameOf(r.propagation));
  }
  // Custom resources have no strategic merge: the list is replaced, of the version that was looked at.
  Made operator()(const world::RemoveJobSetFinalizer& r) const {
    const jobset::JobSet* set = known.jobsets.Find(r.jobset);
    if (set == nullptr || set->metadata.uid != r.uid) return Gone("jobsets.jobset.x-k8s.io", r.jobset.name);
    Value patch = MetadataPatch(r.uid);
    Value& metadata = patch.At("metadata");
    metadata.Set("resourceVersion", Value::String(std::to_string(set->metadata.resource_version)));
    Value& left = metadata.Set("finalizers", Value::MakeArray());
    for (const std::string& finalizer : set->metadata.finalizers.names()) {
      if (finalizer != r.finalizer) left.Append(Value::String(finalizer));
    }
    return Write("PATCH", JobSetPath(r.jobset), patch, kMergePatch);
  }

  Made operator()(const world::CreateService& r) const {
    return Post(PathOf(kCore, "services", r.service->metadata.namespace_), ToValue(*r.service));
  }
  Made operator()(const world::DeleteService& r) const {
    return Delete(PathOf(kCore, "services", r.service.namespace_, r.service.name), r.uid, "Background");
  }
  Made operator()(const world::CreateClaim& r) const {
    return Post(PathOf(kCore, "persistentvolumeclaims", r.claim->metadata.namespace_), ToValue(*r.claim));
  }
  Made operator()(const world::DeleteClaim& r) const {
    return Delete(PathOf(kCore, "persistentvolumeclaims", r.claim.namespace_, r.claim.name), r.uid, "Background");
  }
};

WriteResult ResultOf(const Outcome& outcome, std::string_view method) {
  WriteResult out;
  out.message = outcome.message;
  const auto has_cause = [&](std::string_view member, std::string_view text) {
    const Value::Array& causes = outcome.details["causes"].items();
    return std::any_of(causes.begin(), causes.end(),
                       [&](const Value& cause) { return cause[member].AsText() == text; });
  };
  switch (outcome.status) {
    case 200:
    case 201:
    case 202:
      ReadMade(outcome.body, out);
      return out;
    case 404:
      out.code = WriteCode::kNotFound;
      return out;
    case 409:
      out.code = outcome.reason == "AlreadyExists" ? WriteCode::kAlreadyExists : WriteCode::kConflict;
      // Another object of that name.
      if (method == "DELETE" && outcome.message.find("UID in precondition") != std::string::npos) {
        out.code = WriteCode::kNotFound;
      }
      return out;
    case 422:
      // A patch that names another object's UID. Else what refuses may be a policy or a webhook, of which no watch
      // tells when it is gone.
      out.code = method == "PATCH" && has_cause("field", "metadata.uid") ? WriteCode::kNotFound : WriteCode::kForbidden;
      return out;
    case 401:
    case 403:
      out.code = has_cause("reason", "NamespaceTerminating") ? WriteCode::kTerminating : WriteCode::kForbidden;
      return out;
    case 400:
    case 405:
    case 406:
    case 413:
    case 415:
      out.code = WriteCode::kForbidden;
      return out;
    default:
      out.code = WriteCode::kUnavailable;
      return out;
  }
}

ClusterApi::ClusterApi(Rest& rest, KnownObjects known, Recorder& recorder, std::function<bool()> may_write,
                       std::function<void()> answered)
    : rest_(rest),
      known_(known),
      recorder_(recorder),
      may_write_(std::move(may_write)),
      answered_(std::move(answered)) {}

void ClusterApi::Submit(world::Request&& request, world::Completion&& done) {
  if (!may_write_()) {
    return done({WriteCode::kUnavailable, "this process does not lead any more, and has not sent the request", 0});
  }
  Build::Made made = std::visit(Build{known_, rest_.clock(), pods_}, request);
  if (auto* known = std::get_if<WriteResult>(&made)) return done(*known);
  Ask& ask = std::get<Ask>(made);
  const std::string method = ask.method;
  ask.may_send = [this, alive = alive_] { return *alive && may_write_(); };
  Created* created = nullptr;
  if (const auto* pod = std::get_if<world::CreatePod>(&request)) {
    created = &created_[static_cast<std::size_t>(WhyCreated(*pod->pod))];
  }
  ++in_flight_;
  rest_.Send(std::move(ask), [this, alive = alive_, method, created, done = std::move(done)](const Outcome& outcome) {
    if (!*alive) return;
    --in_flight_;
    if (rights_ != nullptr) rights_->Look(outcome);
    if (created != nullptr) ++(outcome.ok() ? created->succeeded : created->failed);
    done(ResultOf(outcome, method));
    answered_();
  });
}

ClusterApi::Creation ClusterApi::WhyCreated(const core::Pod& pod) const {
  const meta::OwnerReference* owner = pod.metadata.Controller();
  const batch::Job* job = owner == nullptr ? nullptr : known_.jobs.Find(owner->uid);
  if (job == nullptr) return Creation::kNew;
  const batch::JobStatus& status = job->status;
  if (job->spec->replaces_only_failed()) return status.failed > 0 ? Creation::kRecreateFailed : Creation::kNew;
  return status.failed > 0 || status.terminating.value_or(0) > 0 ? Creation::kRecreateTerminatingOrFailed
                                                                 : Creation::kNew;
}

void ClusterApi::RecordEvent(const world::Event& event) {
  Record(event, false);
}

// A failure that only counts and is tried again is what happens all the time; the others have decided something.
void ClusterApi::RecordVerdict(const world::Verdict& verdict) {
  const bool decided = !verdict.jobset.empty() || verdict.ends || verdict.rule.has_value() || !verdict.retry;
  Record(EventOf(verdict), decided);
}

void ClusterApi::Record(const world::Event& event, bool decided) {
  if (!may_write_()) return;
  const bool is_job = event.about.kind == world::Kind::kJob;
  const batch::Job* job = is_job ? known_.jobs.Find(event.about.key) : nullptr;
  const jobset::JobSet* set = is_job ? nullptr : known_.jobsets.Find(event.about.key);
  if (job == nullptr && set == nullptr) return;
  recorder_.Record(event, job != nullptr ? job->metadata : set->metadata, decided);
}

}  // namespace reprieve::kube
