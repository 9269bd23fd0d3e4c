// Gangs: what a Job's or JobSet's pods achieve together, and what each interruption costs.
//
// A gang works while all of its pods run: first it restarts (loads its newest checkpoint), then it makes progress, and
// now and then it takes a checkpoint. When one pod is gone, or is dead without anybody knowing yet, the work since the
// newest checkpoint is lost, and all that passes until the gang is where it was is wasted. When the work is done its
// pods exit 0.
//
// A Watcher; one owner, the simulation's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "sim/case_run.h"
#include "sim/cluster.h"
#include "sim/scenario.h"

namespace reprieve::sim {

// What one cause has cost a gang, in seconds of the whole gang.
struct WasteOf {
  std::int64_t interruptions = 0;
  double lost = 0;     // work that was done twice
  double waiting = 0;  // until all pods ran again
  double restart = 0;  // until they were at work again
  double total() const { return lost + waiting + restart; }
};

struct GangResult {
  std::string name;
  std::int64_t pods = 0;
  std::optional<Nanoseconds> finished;  // its work was done: since the beginning
  double useful = 0;                    // seconds of progress that were kept
  double checkpoints = 0;               // seconds that they took
  double first_start = 0;               // seconds until it worked for the first time
  std::map<std::string, WasteOf> waste;
};

class Gangs final : public world::Watcher {
 public:
  // A gang for each Job and JobSet of `objects`. All must outlive it.
  Gangs(Simulation& simulation, const Scenario& scenario, const CaseObjects& objects);
  Gangs(const Gangs&) = delete;
  Gangs& operator=(const Gangs&) = delete;
  ~Gangs() override;

  // Who ends the pods of a gang whose work is done: `belongs` says which those are.
  using EndPods = std::function<void(const std::function<bool(const core::Pod&)>& belongs)>;
  void set_end_pods(EndPods end) { end_pods_ = std::move(end); }

  void JobChanged(const batch::Job&) override {}
  void JobDeleted(const batch::Job&) override {}
  void PodChanged(const core::Pod& pod) override;
  void PodDeleted(const core::Pod& pod) override;

  // Before a failure strikes: what it breaks is put down to this cause, until the next one.
  void Blame(std::string cause) { cause_ = std::move(cause); }
  // The processes of the pods on that node are dead, or cut off, though nobody knows yet.
  void NodeIsGone(const std::string& node);
  // True if a pod of a gang runs there.
  bool AnyOn(const std::string& node) const { return on_node_.contains(node); }

  // All have done their work.
  bool AllDone() const;
  // As of now; what goes on is cut off here.
  std::vector<GangResult> Results() const;

 private:
  struct Gang {
    std::string name;
    bool jobset = false;
    GangWork work;
    std::int64_t pods = 0;      // that it consists of
    std::int64_t running = 0;   // that run and are alive
    double saved = 0;           // progress in its newest checkpoint, in seconds
    std::optional<Time> began;  // the current segment: all pods run
    std::uint64_t segment = 0;
    std::optional<Time> broken;  // since when it does not work
    std::string broken_by;
    double redo = 0;  // progress that the last interruptions have lost
    GangResult result;
  };
  struct Member {
    Gang* gang = nullptr;
    std::string node;
    bool alive = false;
    bool asked_to_end = false;
  };
  // Where a segment stands.
  struct Progress {
    double restart = 0;      // of it that is over
    double done = 0;         // new progress
    double saved = 0;        // of it that is in a checkpoint
    double checkpoints = 0;  // time they took
  };

  Gang* GangOf(const core::Pod& pod);
  Progress ProgressOf(const Gang& gang, Time now) const;
  double Left(const Gang& gang) const;
  void Join(Member& member);
  void Leave(Member& member, bool saves);
  void Break(Gang& gang, bool saves);
  void Begin(Gang& gang);
  void Finish(Gang& gang);

  Simulation& simulation_;
  const Time began_;
  EndPods end_pods_;
  std::map<std::string, Gang> jobs_;
  std::map<std::string, Gang> jobsets_;
  std::unordered_map<const core::Pod*, Member> members_;
  std::multimap<std::string, Member*> on_node_;
  std::string cause_;
};

}  // namespace reprieve::sim
