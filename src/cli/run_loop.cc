#include "cli/run_loop.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>

#include "base/saturate.h"
#include "base/text.h"
#include "cli/interrupt.h"
#include "cli/object_names.h"
#include "cli/standard_output.h"
#include "cli/ticker.h"

namespace reprieve::cli {

void RunLoop::Run() {
  CreateObjects();
  node::LocalWorld& world = setup_.world();
  std::optional<Ticker> ticker;
  if (isatty(STDOUT_FILENO) == 1) ticker.emplace([&world] { world.Wake(); });
  world.RunUntil([this] {
    setup_.FlushJournal();
    setup_.report().Repaint();
    TellLostOutput();
    const bool no_image = !setup_.world().machine().WhyNoImage().empty();
    return Interrupt::count() > 0 || reader_.gone() || no_image || AllFinished();
  });
  if (AllFinished()) return;
  ended_by_ = Interrupt::count() > 0 ? EndedBy::kInterrupt : reader_.gone() ? EndedBy::kReader : EndedBy::kNoImage;
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
  for (LoadedPod& pod : setup_.loaded().pods) {
    pods_.push_back(meta::KeyOf(pod.pod.metadata));
    const world::WriteResult added = world.store().AddPod(std::move(pod.pod));
    if (!added.ok()) setup_.report().Say(Cat("Pod ", NameOf(pods_.back()), ": ", added.message));
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
  const bool pods = std::all_of(pods_.begin(), pods_.end(), [&](const meta::ObjectKey& key) {
    const core::Pod* pod = world.store().FindPod(key);
    return pod == nullptr || pod->IsTerminal();
  });
  if (!pods) return false;
  // Pods that a finished JobSet deletes have their grace period.
  return jobsets && world.machine().running() == 0;
}

void RunLoop::EndEarly() {
  if (ended_by_ == EndedBy::kInterrupt || ended_by_ == EndedBy::kNoImage) setup_.report().Interrupted();
  if (ended_by_ == EndedBy::kNoImage) setup_.report().Say(Cat("The run ends: ", setup_.world().machine().WhyNoImage()));
  const Nanoseconds grace = TellEnding();
  // One Ctrl-C more than it took to come here.
  const int enough = ended_by_ == EndedBy::kInterrupt ? 2 : 1;
  setup_.world().End(grace, [enough] { return Interrupt::count() >= enough; });
}

Nanoseconds RunLoop::TellEnding() const {
  std::int64_t grace = 0;
  std::size_t running = 0;
  for (const core::Pod* pod : setup_.world().store().Pods()) {
    if (pod->IsTerminal() || pod->node_name.empty()) continue;
    ++running;
    grace = std::max(grace, pod->spec->termination_grace_period_seconds.value_or(30));
  }
  const std::string pods = Cat(running, running == 1 ? " pod" : " pods");
  const std::string at_most = HumanDuration(DurationOfSeconds(grace));
  if (ended_by_ == EndedBy::kReader) {
    std::fprintf(stderr, "reprieve: nobody reads standard output any more: ending %s; this may take up to %s.\n",
                 pods.c_str(), at_most.c_str());
  } else if (running > 0) {
    setup_.report().Say(
        Cat("Ending ", pods, "; this may take up to ", at_most, ". Press Ctrl-C again to end at once."));
  }
  return DurationOfSeconds(grace);
}

}  // namespace reprieve::cli
