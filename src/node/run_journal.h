// RunJournal: what a run writes into its journal, as it goes: Jobs and JobSets, failed pods, verdicts, ends.
//
// A Job of a JobSet is recorded once there is something to tell of it. What changes all the time, such as how many pods
// are active, is recorded every ten seconds at most. A pod that has not failed costs a comparison.
// Called on the engine's thread; Flush once everything that happened at once is known.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "node/journal_file.h"
#include "world/clock.h"
#include "world/verdict.h"
#include "world/watcher.h"

namespace reprieve::node {

class RunJournal final : public world::Watcher {
 public:
  // `lost`: told once, if the journal can't be written any more.
  RunJournal(JournalFile file, const world::Clock& clock, std::string version,
             std::function<void(const std::string&)> lost);

  void JobChanged(const batch::Job& job) override;
  void JobDeleted(const batch::Job& job) override;
  void PodChanged(const core::Pod& pod) override;
  void PodDeleted(const core::Pod& pod) override;
  void JobSetChanged(const jobset::JobSet& jobset) override;
  void JobSetDeleted(const jobset::JobSet& jobset) override;
  void Judged(const world::Verdict& verdict);

  void Flush();
  // The run is over: completed, failed or interrupted.
  void End(std::string_view how);
  const std::string& path() const { return file_.path(); }

 private:
  // What is known of a Job or JobSet.
  template <class T>
  struct Known {
    const T* object = nullptr;
    std::string told;       // what of its status can't wait, as it was recorded last
    bool recorded = false;  // there is a line about it
    bool changed = false;   // since its last line
    bool urgent = false;    // and that can't wait
    Time last{};            // when its last line was written
  };
  template <class T>
  struct All {
    std::unordered_map<std::string, Known<T>> by_uid;
    std::vector<std::string> changed;  // the UIDs of those that have
  };

  template <class T>
  void Record(Known<T>& known);
  template <class T>
  void Note(All<T>& all, Known<T>& known, const T& object);
  template <class T>
  void WriteChanges(All<T>& all, bool every);
  void WriteChanges(bool every);
  void StartNextPart();
  void Report(const Status& status);

  JournalFile file_;
  const world::Clock& clock_;
  const std::string version_;
  const std::function<void(const std::string&)> lost_;
  All<batch::Job> jobs_;
  All<jobset::JobSet> jobsets_;
  std::unordered_set<std::string> failed_pods_;  // recorded ones, by UID
  bool urgent_ = false;
  Time written_{};  // when changes that may wait were written last
};

}  // namespace reprieve::node
