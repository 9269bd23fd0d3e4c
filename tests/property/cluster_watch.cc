#include "cluster_watch.h"

#include <algorithm>
#include <string>
#include <utility>

#include "document/json.h"
#include "document/json_cursor.h"

namespace reprieve::property {

using document::JsonCursor;

ClusterWatch::ClusterWatch(store::Store& store, sim::Agenda& agenda, const world::Clock& clock, Random& random,
                           WatchRates rates, std::function<void()> changed)
    : store_(store),
      agenda_(agenda),
      clock_(clock),
      random_(random),
      rates_(rates),
      jobsets_([this](JsonCursor& in) { return decoder_.JobSet(in); }, changed),
      services_([this](JsonCursor& in) { return decoder_.Service(in); }, changed),
      claims_([this](JsonCursor& in) { return decoder_.Claim(in); }, changed),
      jobs_([this](JsonCursor& in) { return decoder_.Job(in); }, changed),
      pods_([this](JsonCursor& in) { return decoder_.Pod(in); }, changed) {
  List(jobsets_);
  List(services_);
  List(claims_);
  List(jobs_);
  List(pods_);
  store_.AddWatcher(this);
}

ClusterWatch::~ClusterWatch() {
  *alive_ = false;
  store_.RemoveWatcher(this);
}

void ClusterWatch::Tell(engine::Engine* engine) {
  jobsets_.cache.Tell(engine);
  services_.cache.Tell(engine);
  claims_.cache.Tell(engine);
  jobs_.cache.Tell(engine);
  pods_.cache.Tell(engine);
}

bool ClusterWatch::synced() const {
  return jobsets_.synced && services_.synced && claims_.synced && jobs_.synced && pods_.synced;
}

world::Versions ClusterWatch::versions() const {
  return {.jobsets = jobsets_.cache.version(),
          .jobs = jobs_.cache.version(),
          .pods = pods_.cache.version(),
          .services = services_.cache.version(),
          .claims = claims_.cache.version()};
}

void ClusterWatch::RelistPods() {
  pods_.synced = false;
  pods_.broken_until = Time::min();
  List(pods_);
}

template <class T>
void ClusterWatch::Push(Stream<T>& stream, const T& object, What what) {
  Add(stream, {what, object});
}

template <class T>
void ClusterWatch::Add(Stream<T>& stream, typename Stream<T>::Entry entry) {
  if (rates_.latest == Nanoseconds(0) && stream.waiting.empty() && clock_.Now() >= stream.broken_until) {
    return Pass(stream, entry);
  }
  stream.waiting.push_back(std::move(entry));
  const Nanoseconds lag(random_.Between(0, rates_.latest.count()));
  stream.last_due = std::max({stream.last_due, clock_.Now() + lag, stream.broken_until});
  agenda_.At(stream.last_due, [this, alive = alive_, &stream] {
    if (*alive) Deliver(stream);
  });
}

template <class T>
void ClusterWatch::Deliver(Stream<T>& stream) {
  if (stream.waiting.empty()) return;  // a list has told it already
  if (clock_.Now() < stream.broken_until) {
    return agenda_.At(stream.broken_until, [this, alive = alive_, &stream] {
      if (*alive) Deliver(stream);
    });
  }
  const typename Stream<T>::Entry entry = std::move(stream.waiting.front());
  stream.waiting.pop_front();
  Pass(stream, entry);
  if (calm_) return;
  if (rates_.repeated > 0 && entry.what == What::kChanged && random_.OneIn(rates_.repeated)) Pass(stream, entry);
  if (rates_.broken > 0 && random_.OneIn(rates_.broken)) Break(stream);
}

template <class T>
void ClusterWatch::Pass(Stream<T>& stream, const typename Stream<T>::Entry& entry) {
  const std::string text = entry.object ? document::WriteJson(ToValue(*entry.object)) : "";
  JsonCursor in(text);
  switch (entry.what) {
    case What::kChanged:
      stream.cache.Changed(in);
      break;
    case What::kDeleted:
      stream.cache.Deleted(in);
      break;
    case What::kListBegins:
      stream.cache.ListBegins();
      break;
    case What::kListEnds:
      stream.synced = true;
      stream.cache.ListEnds(entry.version);
      break;
  }
}

template <class T>
void ClusterWatch::Break(Stream<T>& stream) {
  stream.broken_until = clock_.Now() + Nanoseconds(random_.Between(0, rates_.longest_break.count()));
  // A list that was cut off begins again.
  const bool lists = std::any_of(stream.waiting.begin(), stream.waiting.end(),
                                 [](const auto& entry) { return entry.what == What::kListEnds; });
  if (lists) return List(stream);
  if (rates_.forgotten == 0 || !random_.OneIn(rates_.forgotten)) return;
  agenda_.At(stream.broken_until, [this, alive = alive_, &stream] {
    if (*alive) List(stream);
  });
}

template <class T>
void ClusterWatch::List(Stream<T>& stream) {
  stream.waiting.clear();
  Add(stream, {What::kListBegins, std::nullopt});
  for (const T* object : All(stream)) Add(stream, {What::kChanged, *object});
  // No cluster is without any version.
  Add(stream, {What::kListEnds, std::nullopt, std::max<meta::ResourceVersion>(store_.version(), 1)});
}

}  // namespace reprieve::property
