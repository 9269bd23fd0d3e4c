#include "kube/live_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "document/json.h"
#include "net/url.h"

namespace reprieve::kube {

using document::Value;

struct LiveReader::Resource {
  std::string_view kind, api_version, group, plural;
};

namespace {

constexpr std::array<std::string_view, 4> kJobWords = {"job", "jobs", "job.batch", "jobs.batch"};
constexpr std::array<std::string_view, 4> kJobSetWords = {"jobset", "jobsets", "jobset.jobset.x-k8s.io",
                                                          "jobsets.jobset.x-k8s.io"};
// Events are kept for an hour; where there are more, the newest are as good as any.
constexpr std::size_t kMostNames = 5;

bool Has(const auto& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool IsMade(const Value& object) {
  const Value::Array& owners = object["metadata"]["ownerReferences"].items();
  return std::any_of(owners.begin(), owners.end(), [](const Value& owner) { return owner["controller"].AsBool(); });
}

Value Named(Value object, std::string_view kind, std::string_view api_version) {
  object.Set("kind", Value::String(std::string(kind)));
  object.Set("apiVersion", Value::String(std::string(api_version)));
  return object;
}

}  // namespace

std::optional<LiveSubject> ParseLiveSubject(std::string_view word) {
  const std::size_t slash = word.find('/');
  if (slash == std::string_view::npos || slash + 1 == word.size()) return std::nullopt;
  const std::string resource = ToLower(word.substr(0, slash));
  const std::string_view name = word.substr(slash + 1);
  if (name.find('/') != std::string_view::npos) return std::nullopt;
  if (Has(kJobWords, resource)) return LiveSubject{false, std::string(name)};
  if (Has(kJobSetWords, resource)) return LiveSubject{true, std::string(name)};
  return std::nullopt;
}

Result<std::unique_ptr<LiveReader>> LiveReader::Make(const AccessOptions& options, const Surroundings& surroundings) {
  auto access = FindAccess(options, surroundings);
  if (!access) return access.error();
  std::unique_ptr<LiveReader> out(new LiveReader(nullptr));
  auto rest = Rest::Make(out->loop_, out->clock_, std::move(*access), {.user_agent = "reprieve", .read_only = true});
  if (!rest) return rest.error();
  out->rest_ = std::move(*rest);
  return out;
}

LiveReader::LiveReader(std::unique_ptr<Rest> rest) : rest_(std::move(rest)) {}

Outcome LiveReader::Await(const std::string& path) {
  Outcome out;
  rest_->Send({.path = path}, [&](Outcome outcome) {
    out = std::move(outcome);
    loop_.Stop();
  });
  loop_.Run();
  return out;
}

namespace {

constexpr std::string_view kJobSetVersion = "jobset.x-k8s.io/v1alpha2";

}  // namespace

std::optional<LiveError> LiveReader::List(const Resource& resource, const std::string& name_space,
                                          const std::string& query, std::vector<Value>& out) {
  const std::string path = Cat(resource.group, name_space.empty() ? "" : Cat("/namespaces/", name_space), "/",
                               resource.plural, "?limit=500", query);
  std::size_t count = 0;
  std::string next;
  do {
    const Outcome outcome = Await(next.empty() ? path : Cat(path, "&continue=", net::PercentEncode(next)));
    if (!outcome.ok()) return Failed(resource, name_space, outcome);
    auto page = document::ParseJson(outcome.body);
    if (!page) {
      return LiveError{Cat("the server's list of ", resource.plural, " is no JSON: ", page.error().message), false};
    }
    next = (*page)["metadata"]["continue"].AsText();
    Value* items = page->Find("items");
    if (items == nullptr || !items->IsArray()) break;
    for (Value& item : items->items()) out.push_back(Named(std::move(item), resource.kind, resource.api_version));
    count += items->size();
    if (count > kMostObjects) {
      return LiveError{Cat("there are more than ", kMostObjects, " ", resource.plural, "; name a namespace with -n"),
                       false};
    }
  } while (!next.empty());
  return std::nullopt;
}

LiveError LiveReader::Failed(const Resource& resource, const std::string& name_space, const Outcome& outcome) const {
  const std::string where = name_space.empty() ? std::string(" of all namespaces") : Cat(" of namespace ", name_space);
  if (outcome.status == 0) return {Cat(rest_->access().origin, ": ", outcome.message), false};
  if (outcome.status == 404) {
    return {Cat("the cluster knows no ", resource.plural, " (", resource.api_version, ")",
                resource.api_version == kJobSetVersion
                    ? "; reprieve manifests crd | kubectl apply --server-side -f - installs their definition"
                    : ""),
            false};
  }
  if (outcome.status == 401) {
    return {Cat(rest_->access().origin, ": the server does not take these credentials: ", outcome.message), false};
  }
  if (outcome.status == 403) {
    return {Cat(resource.plural, where, " may not be read: ", outcome.message,
                "; needed are get and list of jobsets, jobs, pods and events"),
            false};
  }
  return {Cat(resource.plural, where, " can't be read: ", outcome.message), false};
}

LiveError LiveReader::Absent(const Resource& resource, const std::string& name, const std::string& name_space) {
  LiveError out{Cat("there is no ", resource.kind, " ", name, " in namespace ", name_space), true};
  std::vector<Value> others;
  if (List(resource, name_space, "", others) || others.empty()) {
    out.message += "; name another with -n";
    return out;
  }
  std::vector<std::string_view> names;
  names.reserve(others.size());
  for (const Value& other : others) names.push_back(other["metadata"]["name"].AsText());
  if (const std::string_view near = NearestWord(name, names); !near.empty()) {
    AppendTo(out.message, "; did you mean ", near, "?");
    return out;
  }
  const std::size_t shown = std::min(names.size(), kMostNames);
  AppendTo(out.message, "; there ", names.size() == 1 ? "is " : "are ",
           Join(std::vector<std::string>(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown)), ", "));
  if (shown < names.size()) AppendTo(out.message, " and ", names.size() - shown, " more");
  return out;
}

namespace {

std::string Query(std::string_view parameter, const std::string& selector) {
  return Cat("&", parameter, "=", net::PercentEncode(selector));
}

}  // namespace

std::optional<LiveError> LiveReader::ReadSubject(const LiveSubject& subject, const std::string& name_space,
                                                 std::vector<Value>& out, std::vector<std::string>& notes) {
  constexpr Resource kJobs = {"Job", "batch/v1", "/apis/batch/v1", "jobs"};
  constexpr Resource kJobSets = {"JobSet", kJobSetVersion, "/apis/jobset.x-k8s.io/v1alpha2", "jobsets"};
  constexpr Resource kPods = {"Pod", "v1", "/api/v1", "pods"};
  constexpr Resource kEvents = {"Event", "v1", "/api/v1", "events"};
  const Resource& resource = subject.is_jobset ? kJobSets : kJobs;
  const Outcome found = Await(Cat(resource.group, "/namespaces/", net::PercentEncode(name_space), "/", resource.plural,
                                  "/", net::PercentEncode(subject.name)));
  if (found.status == 404 && found.reason == "NotFound" &&
      found.message.find("could not find the requested resource") == std::string::npos) {
    return Absent(resource, subject.name, name_space);
  }
  if (!found.ok()) return Failed(resource, name_space, found);
  auto object = document::ParseJson(found.body);
  if (!object) {
    return LiveError{Cat("the server's ", resource.kind, " is no JSON: ", object.error().message), false};
  }
  const std::string uid = (*object)["metadata"]["uid"].AsText();
  out.push_back(Named(std::move(*object), resource.kind, resource.api_version));
  const std::string pods =
      Query("labelSelector", subject.is_jobset ? Cat("jobset.sigs.k8s.io/jobset-name=", subject.name)
                                               : Cat("batch.kubernetes.io/controller-uid=", uid));
  if (subject.is_jobset) {
    if (auto error = List(kJobs, name_space, pods, out)) return error;
  }
  if (auto error = List(kPods, name_space, pods, out)) return error;
  for (const std::string_view kind : {"JobSet", "Job"}) {
    if (kind == "JobSet" && !subject.is_jobset) continue;
    std::string about = Cat("involvedObject.kind=", kind);
    // Of a JobSet's Jobs, which are many, one list is enough.
    if (!subject.is_jobset || kind == "JobSet") AppendTo(about, ",involvedObject.name=", subject.name);
    if (auto error = List(kEvents, name_space, Query("fieldSelector", about), out)) {
      notes.push_back(Cat("without events: ", error->message));
      break;
    }
  }
  return std::nullopt;
}

std::optional<LiveError> LiveReader::ReadWorkloads(const std::string& name_space, std::vector<Value>& out) {
  constexpr std::array<Resource, 3> kResources = {
      {{"JobSet", kJobSetVersion, "/apis/jobset.x-k8s.io/v1alpha2", "jobsets"},
       {"Job", "batch/v1", "/apis/batch/v1", "jobs"},
       {"CronJob", "batch/v1", "/apis/batch/v1", "cronjobs"}}};
  for (const Resource& resource : kResources) {
    const std::size_t before = out.size();
    if (std::optional<LiveError> error = List(resource, name_space, "", out)) {
      // A cluster without JobSets has Jobs to look at.
      if (resource.kind != "JobSet" || !error->message.starts_with("the cluster knows no")) return error;
    }
    out.erase(std::remove_if(out.begin() + static_cast<std::ptrdiff_t>(before), out.end(), IsMade), out.end());
  }
  return std::nullopt;
}

}  // namespace reprieve::kube
