#include "kube/recorder.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "document/json.h"
#include "kube/micro_time.h"
#include "model/jobset.h"

namespace reprieve::kube {
namespace {

using document::Value;

constexpr Nanoseconds kSame = Seconds(600);
constexpr double kBurst = 25;
constexpr double kPerSecond = 1.0 / 300;
constexpr double kDecidedBurst = 100;
constexpr double kDecidedPerSecond = 1.0 / 10;
constexpr std::size_t kMostTexts = 9;
constexpr std::size_t kMaxMessage = 1024;
constexpr std::string_view kMergePatch = "application/merge-patch+json";

// Cut where a character ends.
std::string Cut(const std::string& message) {
  if (message.size() <= kMaxMessage) return message;
  std::size_t end = kMaxMessage - 3;
  while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0U) == 0x80U) --end;
  return message.substr(0, end) + "...";
}

std::string Hex(std::int64_t number) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (auto left = static_cast<std::uint64_t>(number); left > 0; left >>= 4U) out += kDigits[left & 15U];
  std::reverse(out.begin(), out.end());
  return out;
}

Value Text(std::string_view text) {
  return Value::String(std::string(text));
}

bool IsJob(const world::Event& event) {
  return event.about.kind == world::Kind::kJob;
}

Value Reference(const world::Event& event, const meta::ObjectMeta& about) {
  Value out = Value::MakeObject();
  out.Set("apiVersion", Text(IsJob(event) ? "batch/v1" : jobset::kApiVersion));
  out.Set("kind", Text(NameOf(event.about.kind)));
  out.Set("namespace", Text(about.namespace_));
  out.Set("name", Text(about.name));
  out.Set("uid", Text(about.uid));
  out.Set("resourceVersion", Text(std::to_string(about.resource_version)));
  return out;
}

std::string EventsPath(const world::Event& event, const meta::ObjectMeta& about) {
  return Cat(IsJob(event) ? "/api/v1" : "/apis/events.k8s.io/v1", "/namespaces/", about.namespace_, "/events");
}

}  // namespace

Recorder::Recorder(Rest& rest, std::string instance) : rest_(rest), instance_(std::move(instance)) {}

void Recorder::Record(const world::Event& what, const meta::ObjectMeta& about, bool decided) {
  world::Event event = what;
  const std::string reason = Cat(about.uid.view(), "\n", event.warning ? "W" : "N", "\n", event.reason.view());
  std::string key = Cat(reason, "\n", event.message);
  if (!decided && IsCombined(reason, event)) {
    key = reason;
    event.message = Cat("(combined from similar events): ", event.message);
  }
  const std::string account = Cat(about.uid.view(), decided ? "\ndecided" : event.reason == kJudged ? "\nJudged" : "");
  Allowance* allowance = in_flight_ >= kMaxInFlight ? nullptr : Allow(account, event.at, decided);
  if (allowance == nullptr) {
    ++dropped_;
    return;
  }
  const std::uint64_t refused = std::exchange(allowance->refused, 0);
  if (decided && refused > 0) AppendTo(event.message, " (", refused, " before it were not recorded)");
  const auto at = known_.find(key);
  if (at != known_.end() && event.at - at->second->last < kSame) return Again(event, about, *at->second);
  Create(event, about, key);
}

bool Recorder::IsCombined(const std::string& reason, const world::Event& event) {
  if (similar_.size() >= kMaxKnown && !similar_.contains(reason)) {
    std::erase_if(similar_, [&](const auto& each) { return event.at - each.second.last >= kSame; });
    if (similar_.size() >= 2 * kMaxKnown) return false;
  }
  Similar& similar = similar_[reason];
  if (event.at - similar.last >= kSame) similar.texts.clear();
  similar.last = event.at;
  if (similar.texts.contains(event.message)) return false;
  if (similar.texts.size() >= kMostTexts) return true;
  similar.texts.insert(event.message);
  return false;
}

Recorder::Allowance* Recorder::Allow(const std::string& account, Time now, bool decided) {
  const double burst = decided ? kDecidedBurst : kBurst;
  if (allowances_.size() >= kMaxKnown && !allowances_.contains(account)) {
    // Those that are full again are as good as new ones.
    std::erase_if(allowances_, [&](const auto& each) { return now - each.second.since > Seconds(7500); });
    if (allowances_.size() >= 2 * kMaxKnown) return nullptr;
  }
  const auto [at, fresh] = allowances_.try_emplace(account, Allowance{burst, now});
  Allowance& allowance = at->second;
  if (!fresh) {
    const double passed = std::chrono::duration<double>(now - allowance.since).count();
    allowance.left = std::min(burst, allowance.left + passed * (decided ? kDecidedPerSecond : kPerSecond));
    allowance.since = now;
  }
  if (allowance.left < 1) {
    ++allowance.refused;
    return nullptr;
  }
  allowance.left -= 1;
  return &allowance;
}

void Recorder::Create(const world::Event& event, const meta::ObjectMeta& about, const std::string& key) {
  const std::string name = Cat(about.name.view(), ".", Hex(event.at.time_since_epoch().count()));
  Value body = Value::MakeObject();
  body.Set("apiVersion", Text(IsJob(event) ? "v1" : "events.k8s.io/v1"));
  body.Set("kind", Text("Event"));
  Value& metadata = body.Set("metadata", Value::MakeObject());
  metadata.Set("name", Text(name));
  metadata.Set("namespace", Text(about.namespace_));
  body.Set("type", Text(event.warning ? "Warning" : "Normal"));
  body.Set("reason", Text(event.reason));
  if (IsJob(event)) {
    body.Set("involvedObject", Reference(event, about));
    body.Set("message", Text(Cut(event.message)));
    body.Set("source", Value::MakeObject()).Set("component", Text("job-controller"));
    body.Set("reportingComponent", Text("job-controller"));
    body.Set("firstTimestamp", Text(FormatRfc3339(event.at)));
    body.Set("lastTimestamp", Text(FormatRfc3339(event.at)));
    body.Set("count", Value::Int(1));
  } else {
    body.Set("regarding", Reference(event, about));
    body.Set("note", Text(Cut(event.message)));
    body.Set("action", Text("Reconciling"));
    body.Set("eventTime", Text(FormatMicroTime(event.at)));
    body.Set("reportingController", Text("jobset"));
    body.Set("reportingInstance", Text(instance_));
  }
  Send({.method = "POST", .path = EventsPath(event, about), .body = document::WriteJson(body)});

  if (const auto at = known_.find(key); at != known_.end()) {
    order_.erase(at->second);
    known_.erase(at);
  }
  order_.push_back({key, name, 1, event.at});
  known_[key] = std::prev(order_.end());
  if (known_.size() > kMaxKnown) {
    known_.erase(order_.front().key);
    order_.pop_front();
  }
}

void Recorder::Again(const world::Event& event, const meta::ObjectMeta& about, Known& known) {
  ++known.count;
  known.last = event.at;
  Value patch = Value::MakeObject();
  if (IsJob(event)) {
    patch.Set("count", Value::Int(known.count));
    patch.Set("message", Text(Cut(event.message)));
    patch.Set("lastTimestamp", Text(FormatRfc3339(event.at)));
  } else {
    Value& series = patch.Set("series", Value::MakeObject());
    series.Set("count", Value::Int(known.count));
    series.Set("lastObservedTime", Text(FormatMicroTime(event.at)));
  }
  Send({.method = "PATCH",
        .path = Cat(EventsPath(event, about), "/", known.name),
        .body = document::WriteJson(patch),
        .content_type = kMergePatch});
}

void Recorder::Send(Ask ask) {
  ++in_flight_;
  ask.accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
  rest_.Send(std::move(ask), [this, alive = alive_](const Outcome& outcome) {
    if (!*alive) return;
    --in_flight_;
    if (!outcome.ok()) ++dropped_;
    if (rights_ != nullptr) rights_->Look(outcome);
  });
}

world::Event EventOf(const world::Verdict& verdict) {
  world::Event out;
  out.at = verdict.at;
  const bool about_jobset = !verdict.jobset.empty();
  out.about = {about_jobset ? world::Kind::kJobSet : world::Kind::kJob,
               {verdict.namespace_, about_jobset ? verdict.jobset : verdict.job}};
  out.warning = verdict.ends;
  out.reason = SharedString(kJudged);
  out.message = world::Describe(verdict);
  return out;
}

}  // namespace reprieve::kube
