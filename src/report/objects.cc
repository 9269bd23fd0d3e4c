#include "report/objects.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "base/text.h"
#include "model/decode.h"
#include "world/journal.h"

namespace reprieve::report {
namespace {

using document::Value;

// Times that have passed: all but when a deletion is to be over. Labels and annotations are not the server's.
void FindNewest(const Value& value, std::string_view key, std::optional<Time>& newest) {
  if (value.IsString()) {
    const bool names_time = key.ends_with("Time") || key.ends_with("Timestamp") || key.ends_with("At") || key == "time";
    if (!names_time || key == "deletionTimestamp") return;
    const auto time = ParseRfc3339(value.AsText());
    if (time && (!newest || *time > *newest)) newest = time;
    return;
  }
  for (const Value& item : value.items()) FindNewest(item, key, newest);
  for (const Value::Member& member : value.members()) {
    if (member.key == "annotations" || member.key == "labels" || member.key == "spec") continue;
    FindNewest(member.value, member.key, newest);
  }
}

// `reprieve controller` judges these as it judges here (kube/cluster_world.h, which reports do not see).
constexpr std::string_view kOurController = "reprieve.dev/job-controller";

void TakeAsOurs(batch::Job& job) {
  if (job.spec->managed_by != kOurController) return;
  auto spec = std::make_shared<batch::JobSpec>(*job.spec);
  spec->managed_by.reset();
  job.spec = std::move(spec);
}

bool IsOf(const Value& value, std::string_view group, std::string_view kind) {
  return value["kind"].AsText() == kind && value["apiVersion"].AsText().starts_with(group);
}

std::optional<Time> TimeAt(const Value& value) {
  return ParseRfc3339(value.AsText());
}

// Go's decoder takes an object without a spec; nothing can be said about one.
std::optional<UnreadableObject> MissingSpec(const Value& value) {
  if (value["spec"].IsObject()) return std::nullopt;
  return UnreadableObject{Cat(value["kind"].AsText(), " ", value["metadata"]["name"].AsText(),
                              " has no spec; get it with -o yaml or -o json"),
                          value.mark()};
}

void FillTemplates(jobset::JobSet& jobset) {
  auto spec = std::make_shared<jobset::JobSetSpec>(*jobset.spec);
  for (jobset::ReplicatedJob& replicated : spec->replicated_jobs) {
    auto job = replicated.job_template.spec ? std::make_shared<batch::JobSpec>(*replicated.job_template.spec)
                                            : std::make_shared<batch::JobSpec>();
    if (!job->pod_template.spec) job->pod_template.spec = std::make_shared<core::PodSpec>();
    replicated.job_template.spec = std::move(job);
  }
  jobset.spec = std::move(spec);
}

void FillTemplates(batch::Job& job) {
  if (job.spec->pod_template.spec) return;
  auto spec = std::make_shared<batch::JobSpec>(*job.spec);
  spec->pod_template.spec = std::make_shared<core::PodSpec>();
  job.spec = std::move(spec);
}

}  // namespace

std::optional<UnreadableObject> ObjectsReader::Add(const Value& value, const std::string& file) {
  return AddObject(value, file, nullptr);
}

std::optional<UnreadableObject> ObjectsReader::AddRecord(const Value& record) {
  if (!out_.recorded) out_.recorded.emplace();
  const std::string& type = record["type"].AsText();
  const bool first = std::exchange(first_record_, false);
  const auto time = TimeAt(record["time"]);
  if (time && (!out_.newest || *time > *out_.newest)) out_.newest = time;
  if (type == "run") {
    if (record["format"].AsInt() > world::kJournalFormat) {
      return UnreadableObject{Cat("the journal has format ", record["format"].AsInt(),
                                  ", which this version of Reprieve can't read; take the version that wrote it: ",
                                  record["version"].AsText()),
                              record.mark()};
    }
    // A part that continues one that is there too has lost nothing.
    if (first) out_.recorded->continues = record["continues"].AsBool();
  } else if (type == "object") {
    return AddObject(record["object"], record["file"].AsText(), &record);
  } else if (type == "status") {
    SetStatus(record);
  } else if (type == "deleted") {
    out_.recorded->deleted.insert(meta::Uid(record["uid"].AsText()));
  } else if (type == "verdict") {
    auto verdict = std::make_shared<world::Verdict>();
    world::FromValue(record["verdict"], *verdict);
    out_.recorded->verdicts.push_back(std::move(verdict));
  } else if (type == "end") {
    out_.recorded->ended = record["how"].AsText();
  }
  return std::nullopt;
}

void ObjectsReader::SetStatus(const Value& record) {
  const auto at = seen_.find(Cat(record["kind"].AsText(), " ", record["uid"].AsText()));
  if (at == seen_.end()) return;
  if (record["kind"].AsText() == "Job") {
    batch::JobStatus status;
    model::FromValue(record["status"], status);
    out_.jobs[at->second].status = std::move(status);
  } else if (record["kind"].AsText() == "JobSet") {
    jobset::JobSetStatus status;
    model::FromValue(record["status"], status);
    out_.jobsets[at->second].status = std::move(status);
  }
}

std::optional<UnreadableObject> ObjectsReader::AddObject(const Value& value, const std::string& file,
                                                         const Value* record) {
  const bool is_job = IsOf(value, "batch/", "Job");
  const bool is_jobset = IsOf(value, "jobset.x-k8s.io/", "JobSet");
  const bool is_pod = IsOf(value, "v1", "Pod");
  if (value["kind"].AsText() == "Event") {
    AddEvent(value);
    FindNewest(value, {}, out_.newest);
    return std::nullopt;
  }
  if (!is_job && !is_jobset && !is_pod) {
    ++out_.others[value["kind"].AsText().empty() ? "(no kind)" : value["kind"].AsText()];
    return std::nullopt;
  }
  const model::Message& message =
      is_job ? model::JobMessage() : (is_jobset ? model::JobSetMessage() : model::PodMessage());
  model::Decoded decoded = model::Decode(value, message);
  if (decoded.error) {
    return UnreadableObject{Cat(value["kind"].AsText(), " ", Quote(value["metadata"]["name"].AsText()),
                                " can't be read: ", decoded.error->message),
                            decoded.error->mark.line == 0 ? value.mark() : decoded.error->mark};
  }
  FindNewest(value, {}, out_.newest);
  if (is_pod) {
    core::Pod pod;
    FromValue(decoded.value, pod);
    return AddTyped(std::move(pod), out_.pods);
  }
  if (auto missing = MissingSpec(value)) return missing;
  if (is_job) {
    batch::Job job;
    FromValue(decoded.value, job);
    job.file = file;
    FillTemplates(job);
    TakeAsOurs(job);
    if (record != nullptr) world::TakeRuleLines(*record, job);
    return AddTyped(std::move(job), out_.jobs);
  }
  jobset::JobSet jobset;
  FromValue(decoded.value, jobset);
  jobset.file = file;
  FillTemplates(jobset);
  if (record != nullptr) world::TakeRuleLines(*record, jobset);
  return AddTyped(std::move(jobset), out_.jobsets);
}

template <class T>
std::optional<UnreadableObject> ObjectsReader::AddTyped(T made, std::deque<T>& list) {
  const std::string_view kind =
      std::is_same_v<T, core::Pod> ? "Pod" : (std::is_same_v<T, batch::Job> ? "Job" : "JobSet");
  meta::ObjectMeta& metadata = made.metadata;
  // Written by hand: its name identifies it.
  if (metadata.uid.empty()) metadata.uid = Cat(metadata.namespace_, "/", metadata.name);
  const std::string identity = Cat(kind, " ", metadata.uid);
  const auto [at, is_new] = seen_.try_emplace(identity, list.size());
  if (is_new) {
    list.push_back(std::move(made));
  } else if (metadata.resource_version >= list[at->second].metadata.resource_version) {
    list[at->second] = std::move(made);
  }
  return std::nullopt;
}

// core/v1 and events.k8s.io/v1.
void ObjectsReader::AddEvent(const Value& value) {
  const Value& about = value["involvedObject"].IsObject() ? value["involvedObject"] : value["regarding"];
  Event event;
  event.kind = about["kind"].AsText();
  event.namespace_ = about["namespace"].AsText();
  event.name = about["name"].AsText();
  event.reason = value["reason"].AsText();
  event.message = value["message"].IsString() ? value["message"].AsText() : value["note"].AsText();
  for (const Value* time :
       {&value["lastTimestamp"], &value["deprecatedLastTimestamp"], &value["series"]["lastObservedTime"],
        &value["eventTime"], &value["firstTimestamp"], &value["metadata"]["creationTimestamp"]}) {
    if (!event.last) event.last = TimeAt(*time);
  }
  out_.events.push_back(std::move(event));
}

}  // namespace reprieve::report
