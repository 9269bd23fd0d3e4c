#include "sim/case_run.h"

#include <utility>

namespace reprieve::sim {
namespace {

SimulationOptions SimulationFor(const CaseOptions& options) {
  SimulationOptions out;
  out.seed = options.seed;
  out.engine = options.engine;
  return out;
}

}  // namespace

CaseRun::CaseRun(const CaseObjects& objects, CaseOptions options, world::Watcher* observer)
    : options_(std::move(options)),
      simulation_(SimulationFor(options_)),
      history_(simulation_.clock()),
      observer_(observer),
      cluster_(simulation_, {options_.nodes, options_.start_after, options_.lost_node,
                             [this](const core::Pod& pod, const core::Container& container, std::int32_t) {
                               return options_.work.Of(pod, container);
                             },
                             [this](const world::Incident& incident, const world::IncidentOutcome& outcome) {
                               history_.IncidentApplied(incident, outcome);
                             }}) {
  store::Store& store = simulation_.store();
  store.set_usual_priority(0);
  store.AddWatcher(&history_);
  if (observer_ != nullptr) store.AddWatcher(observer_);
  simulation_.ledger().set_listener([this](const world::Verdict& verdict) { history_.Judged(verdict); });
  for (const batch::Job* job : objects.jobs) store.AddJob(*job);
  for (const jobset::JobSet* jobset : objects.jobsets) store.AddJobSet(*jobset);
}

CaseRun::~CaseRun() {
  simulation_.store().RemoveWatcher(&history_);
  if (observer_ != nullptr) simulation_.store().RemoveWatcher(observer_);
}

void CaseRun::Play(Nanoseconds until) {
  quiet_ = simulation_.RunUntilQuiet(history_.began() + until);
}

}  // namespace reprieve::sim
