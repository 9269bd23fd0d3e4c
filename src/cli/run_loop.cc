#include "cli/run_loop.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/text.h"
#include "cli/interrupt.h"
#include "cli/ticker.h"

namespace reprieve::cli {

void RunLoop::Run() {
  CreateObjects();
  node::LocalWorld& world = setup_.world();
  std::optional<Ticker> ticker;
  if (isatty(STDOUT_FILENO) == 1) ticker.emplace([&world] { world.Wake(); });
  world.RunUntil([this] {
    setup_.report().Repaint();
    return Interrupt::count() > 0 || AllFinished();
  });
  interrupted_ = Interrupt::count() > 0 && !AllFinished();
}

void RunLoop::CreateObjects() {
  node::LocalWorld& world = setup_.world();
  for (const world::Incident& incident : setup_.incidents()) world.machine().Schedule(incident);
  for (LoadedJob& job : setup_.loaded().jobs) {
    jobs_.push_back(meta::KeyOf(job.job.metadata));
    world.store().AddJob(std::move(job.job));
  }
  for (LoadedJobSet& jobset : setup_.loaded().jobsets) {
    jobsets_.push_back(meta::KeyOf(jobset.jobset.metadata));
    world.store().AddJobSet(std::move(jobset.jobset));
  }
}

bool RunLoop::AllFinished() const {
  node::LocalWorld& world = setup_.world();
  const bool jobs = std::all_of(jobs_.begin(), jobs_.end(), [&](const meta::ObjectKey& key) {
    const batch::Job* job = world.store().FindJob(key);
    return job == nullptr || job->status.IsFinished();
  });
  if (!jobs) return false;
  const bool jobsets = std::all_of(jobsets_.begin(), jobsets_.end(), [&](const meta::ObjectKey& key) {
    const jobset::JobSet* jobset = world.store().FindJobSet(key);
    return jobset == nullptr || jobset->status.IsFinished();
  });
  // Pods that a finished JobSet deletes have their grace period.
  return jobsets && world.machine().running() == 0;
}

void RunLoop::EndEarly() {
  node::LocalWorld& world = setup_.world();
  setup_.report().Interrupted();
  std::int64_t grace = 0;
  std::size_t running = 0;
  for (const core::Pod* pod : world.store().Pods()) {
    if (pod->IsTerminal() || pod->node_name.empty()) continue;
    ++running;
    grace = std::max(grace, pod->spec->termination_grace_period_seconds.value_or(30));
  }
  if (running > 0) {
    setup_.report().Say(Cat("Ending ", running, running == 1 ? " pod" : " pods", "; this may take up to ",
                            HumanDuration(Seconds(grace)), ". Press Ctrl-C again to end at once."));
  }
  world.End(Seconds(grace), [] { return Interrupt::count() > 1; });
}

}  // namespace reprieve::cli
