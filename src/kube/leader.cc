#include "kube/leader.h"

#include <time.h>  // NOLINT(modernize-deprecated-headers): clock_gettime

#include <utility>

#include "base/text.h"
#include "document/json.h"
#include "kube/micro_time.h"

namespace reprieve::kube {
namespace {

using document::Value;

constexpr int kReleaseTries = 3;

// Since the machine started, time asleep included.
Nanoseconds Now() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return Seconds(now.tv_sec) + Nanoseconds(now.tv_nsec);
}

Value Text(std::string_view text) {
  return Value::String(std::string(text));
}

}  // namespace

Leader::Leader(Rest& rest, LeaderOptions options, Listener listener)
    : rest_(rest), options_(std::move(options)), listener_(std::move(listener)), retry_(rest.loop()) {}

bool Leader::MayWrite() const {
  return leads_ && !over_ && Now() - renewed_ < options_.renew_deadline;
}

std::string Leader::Path(bool with_name) const {
  return Cat("/apis/coordination.k8s.io/v1/namespaces/", options_.namespace_, "/leases",
             with_name ? "/" + options_.name : std::string());
}

std::string Leader::Body(const Record& record) const {
  Value body = Value::MakeObject();
  body.Set("apiVersion", Text("coordination.k8s.io/v1"));
  body.Set("kind", Text("Lease"));
  Value& metadata = body.Set("metadata", Value::MakeObject());
  metadata.Set("name", Text(options_.name));
  metadata.Set("namespace", Text(options_.namespace_));
  if (!record.version.empty()) metadata.Set("resourceVersion", Text(record.version));
  Value& spec = body.Set("spec", Value::MakeObject());
  spec.Set("holderIdentity", Text(record.holder));
  spec.Set("leaseDurationSeconds", Value::Int(record.duration_seconds));
  spec.Set("acquireTime", Text(record.acquired));
  spec.Set("renewTime", Text(record.renewed));
  spec.Set("leaseTransitions", Value::Int(record.transitions));
  return document::WriteJson(body);
}

void Leader::Try() {
  if (over_ || releasing_) return;
  if (leads_ && Now() - renewed_ >= options_.renew_deadline) {
    return Lose(Cat("the Lease could not be renewed for ", HumanDuration(options_.renew_deadline)));
  }
  const Nanoseconds asked = Now();
  rest_.Send({.path = Path(true), .timeout = options_.renew_deadline / 2},
             [this, asked, alive = alive_](const Outcome& outcome) {
               if (*alive) Got(outcome, asked);
             });
}

void Leader::Observe(const Record& record) {
  if (record == record_ && observed_ > Nanoseconds(0)) return;
  record_ = record;
  observed_ = Now();
}

void Leader::Got(const Outcome& outcome, Nanoseconds asked) {
  if (over_ || releasing_) return;
  if (outcome.status == 404) return Write({}, true);
  if (!outcome.ok()) {
    ++failures_;
    Trouble(outcome.message);
    return Again();
  }
  const auto parsed = document::ParseJson(outcome.body);
  if (!parsed) {
    Trouble("the Lease is no JSON");
    return Again();
  }
  const Value& spec = (*parsed)["spec"];
  Observe({(*parsed)["metadata"]["resourceVersion"].AsText(), spec["holderIdentity"].AsText(),
           spec["renewTime"].AsText(), spec["acquireTime"].AsText(), spec["leaseDurationSeconds"].AsInt(),
           spec["leaseTransitions"].AsInt()});
  const bool ours = record_.holder == options_.identity;
  if (leads_ && !ours) {
    return Lose(record_.holder.empty() ? std::string("somebody has released the Lease")
                                       : Cat("the Lease is held by ", record_.holder));
  }
  const Nanoseconds good_for = Seconds(std::max<std::int64_t>(record_.duration_seconds, 1));
  if (!ours && !record_.holder.empty() && asked < observed_ + good_for) {
    if (std::exchange(told_other_, record_.holder) != record_.holder) listener_.other(record_.holder);
    return Again();
  }
  Write(record_, false);
}

void Leader::Write(const Record& former, bool create) {
  const std::string now = FormatMicroTime(rest_.clock().Now());
  const bool ours = former.holder == options_.identity;
  Record next;
  next.version = former.version;
  next.holder = options_.identity;
  next.renewed = now;
  next.acquired = ours && !former.acquired.empty() ? former.acquired : now;
  next.duration_seconds = std::chrono::duration_cast<Seconds>(options_.lease_duration).count();
  next.transitions = former.transitions + (ours || create ? 0 : 1);
  const Nanoseconds asked = Now();
  rest_.Send({.method = create ? "POST" : "PUT",
              .path = Path(!create),
              .body = Body(next),
              .timeout = options_.renew_deadline / 2},
             [this, asked, alive = alive_](const Outcome& outcome) {
               if (*alive) Written(outcome, asked);
             });
}

void Leader::Written(const Outcome& outcome, Nanoseconds asked) {
  if (over_ || releasing_) return;
  if (!outcome.ok()) {
    ++failures_;
    // A conflict or an existing Lease: somebody was quicker, and the next look shows who.
    if (outcome.status != 409) Trouble(outcome.message);
    return Again();
  }
  told_trouble_.clear();
  told_other_.clear();
  renewed_ = asked;
  if (const auto parsed = document::ParseJson(outcome.body); parsed.ok()) {
    const Value& spec = (*parsed)["spec"];
    Observe({(*parsed)["metadata"]["resourceVersion"].AsText(), spec["holderIdentity"].AsText(),
             spec["renewTime"].AsText(), spec["acquireTime"].AsText(), spec["leaseDurationSeconds"].AsInt(),
             spec["leaseTransitions"].AsInt()});
  }
  if (!std::exchange(leads_, true)) listener_.begins();
  Again();
}

void Leader::Again() {
  // Those who wait do so a little longer each by chance, as client-go's do.
  const Nanoseconds jitter = leads_ ? Nanoseconds(0)
                                    : Nanoseconds(static_cast<std::int64_t>(rest_.random().Below(
                                          static_cast<std::uint64_t>(options_.retry_period.count()) * 6 / 5)));
  retry_.After(options_.retry_period + jitter, [this] { Try(); });
}

void Leader::Lose(const std::string& why) {
  leads_ = false;
  over_ = true;
  listener_.ends(why);
}

void Leader::Trouble(const std::string& why) {
  if (std::exchange(told_trouble_, why) != why) listener_.trouble(why);
}

void Leader::Release(std::function<void()> done) {
  const bool ours = leads_ && !over_;
  leads_ = false;
  releasing_ = true;
  retry_.Cancel();
  if (!ours) return done();
  GiveUp(std::move(done), kReleaseTries);
}

void Leader::GiveUp(std::function<void()> done, int tries) {
  // As client-go: nobody holds it, and it is over in a second.
  const std::string now = FormatMicroTime(rest_.clock().Now());
  Record free = record_;
  free.holder.clear();
  free.renewed = free.acquired = now;
  free.duration_seconds = 1;
  rest_.Send({.method = "PUT", .path = Path(true), .body = Body(free), .timeout = Seconds(5)},
             [this, done = std::move(done), tries, alive = alive_](const Outcome& outcome) {
               if (!*alive || outcome.status != 409 || tries <= 1) return done();
               // A renewal that was on its way has come first.
               LookAndGiveUp(done, tries - 1);
             });
}

void Leader::LookAndGiveUp(const std::function<void()>& done, int tries) {
  rest_.Send({.path = Path(true), .timeout = Seconds(5)}, [this, done, tries, alive = alive_](const Outcome& outcome) {
    const auto parsed = *alive && outcome.ok() ? document::ParseJson(outcome.body) : Result<Value>(Error{});
    if (!parsed || (*parsed)["spec"]["holderIdentity"].AsText() != options_.identity) return done();
    record_.version = (*parsed)["metadata"]["resourceVersion"].AsText();
    GiveUp(done, tries);
  });
}

}  // namespace reprieve::kube
