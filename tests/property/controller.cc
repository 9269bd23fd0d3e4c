#include "controller.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "kube/cluster_world.h"

namespace reprieve::property {
namespace {

// In a cluster, where somebody may try again each second for years. A history takes some thousands.
constexpr std::size_t kMostSteps = 300'000;

}  // namespace

// What the controller asks for, before anything befalls it.
class Controller::Api final : public world::Api {
 public:
  Api(sim::FaultyApi& to, const Listener& listener) : to_(to), listener_(listener) {}
  void Submit(world::Request&& request, world::Completion&& done) override {
    if (listener_.asks && !to_.crashed()) listener_.asks(request);
    to_.Submit(std::move(request), std::move(done));
  }
  void RecordEvent(const world::Event& event) override { to_.RecordEvent(event); }

 private:
  sim::FaultyApi& to_;
  const Listener& listener_;
};

Controller::Controller(store::Store& store, sim::Agenda& agenda, sim::VirtualClock& clock, Random& random,
                       world::Ledger& verdicts, ControllerOptions options, Listener listener)
    : store_(store),
      agenda_(agenda),
      clock_(clock),
      random_(random),
      verdicts_(verdicts),
      options_(options),
      listener_(std::move(listener)),
      api_(store, agenda, clock, random, options_.faults),
      asked_(std::make_unique<Api>(api_, listener_)),
      own_clock_(clock) {
  if (!options_.cluster) return;
  others_.emplace(store, agenda, clock, random);
  if (options_.calm_after > Nanoseconds(0)) PlanMisfortunes();
}

Controller::~Controller() {
  if (watch_) watch_->Tell(nullptr);
}

// The leader changes, and its clock jumps; until all is calm.
void Controller::PlanMisfortunes() {
  const auto during = [&] { return clock_.Now() + Some(options_.calm_after); };
  for (auto changes = random_.Between(0, 3); changes > 0; --changes) {
    agenda_.At(during(), [this] {
      if (engine_ && !calm_) api_.Crash();
    });
  }
  if (options_.largest_skew > Nanoseconds(0)) {
    // world::LocalClock does not go back, so neither does this one while its process lives.
    for (auto jumps = random_.Between(0, 3); jumps > 0; --jumps) {
      agenda_.At(during(), [this] {
        own_clock_.skew += Some(options_.largest_skew - own_clock_.skew);
        if (listener_.trace) listener_.trace(Cat("the clock of the controller is off by ", own_clock_.skew.count()));
      });
    }
  }
  agenda_.At(clock_.Now() + options_.calm_after, [this] {
    calm_ = true;
    api_.Calm();
    if (watch_) watch_->Calm();
  });
}

void Controller::Start() {
  engine::EngineOptions options;
  options.jobsets.gates = options_.gates;
  alone_.reset();
  if (watch_) watch_->Tell(nullptr);
  if (options_.cluster) {
    options.reconcile.duties = {.job_manager = kube::kJobManager, .housekeeping = false};
    options.jobsets.housekeeping = false;
    options.in_order = false;
    if (options_.largest_skew > Nanoseconds(0))
      own_clock_.skew = 2 * Some(options_.largest_skew) - options_.largest_skew;
  }
  engine_.emplace(*asked_, own_clock_, verdicts_, options);
  if (const core::Node* node = store_.FindNode("n1")) engine_->NodeChanged(*node);
  if (!options_.cluster) {
    alone_.emplace(store_, agenda_, clock_, random_, options_.lag, *engine_,
                   [this](meta::ResourceVersion version) { engine_->ListsComplete(version); });
    return;
  }
  complete_ = false;
  // A successor that has waited has watches of its own, which have not shown everything either.
  // Like kube::ClusterWorld it lists the pods once more.
  if (watch_ && random_.OneIn(2)) {
    watch_->RelistPods();
  } else {
    watch_.reset();
    watch_ = std::make_unique<ClusterWatch>(store_, agenda_, clock_, random_, options_.watches, [this] { Told(); });
    if (calm_) watch_->Calm();
  }
  watch_->Tell(&*engine_);
  Told();
}

void Controller::Told() {
  if (!watch_ || !engine_) return;
  const world::Versions seen = watch_->versions();
  if (!complete_ && watch_->synced()) {
    complete_ = true;
    engine_->ListsComplete(std::min({seen.jobsets, seen.jobs, seen.pods, seen.services, seen.claims}));
  }
  engine_->SeenUpTo(seen);
}

bool Controller::Step(Time limit) {
  if (options_.cluster && options_.calm_after > Nanoseconds(0) && ++steps_ > kMostSteps) {
    busy_ = true;
    return false;
  }
  while (agenda_.DoOne(clock_.Now())) ReplaceCrashed();
  if (others_ && others_->RunOne()) return true;
  if (engine_ && (complete_ || !options_.cluster) && engine_->RunOne()) {
    if (!ReplaceCrashed() && listener_.round) listener_.round();
    return true;
  }
  const std::optional<Time> next = NextDue();
  busy_ = next.has_value();
  if (!next || *next > limit) return false;
  clock_.AdvanceTo(std::max(*next, clock_.Now()));
  return true;
}

std::optional<Time> Controller::NextDue() {
  std::optional<Time> out = agenda_.NextDue();
  const auto take = [&](std::optional<Time> due) {
    if (due && (!out || *due < *out)) out = due;
  };
  if (engine_ && (complete_ || !options_.cluster)) {
    if (const auto due = engine_->NextDue()) take(*due - own_clock_.skew);
  }
  if (others_) take(others_->NextDue());
  return out;
}

bool Controller::ReplaceCrashed() {
  if (!api_.crashed() || !engine_) return false;
  ++crashes_;
  if (listener_.ends) listener_.ends(*engine_);
  alone_.reset();
  if (watch_) watch_->Tell(nullptr);
  engine_.reset();
  if (options_.latest_successor == Nanoseconds(0)) {
    Succeed();
  } else {
    agenda_.At(clock_.Now() + Some(options_.latest_successor), [this] { Succeed(); });
  }
  return true;
}

void Controller::Succeed() {
  api_.Revive();
  if (listener_.trace) listener_.trace("another controller begins");
  Start();
}

}  // namespace reprieve::property
