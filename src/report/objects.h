// Objects of a cluster as somebody has got them: what `kubectl get jobset,job,pod,event -o yaml` prints, as typed
// values.
//
// Whatever a server writes is taken: managedFields, fields that this version does not know, objects of other kinds
// (which are counted and otherwise left alone: a Secret is never looked into). Of several copies of one object the
// newest counts. Plain values; safe from any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "document/value.h"
#include "model/batch.h"
#include "model/core.h"
#include "model/jobset.h"
#include "world/verdict.h"

namespace reprieve::report {

// What somebody announced about an object. Servers keep them for an hour, and drop what comes too often: they tell
// about something, they count nothing.
struct Event {
  std::string kind, namespace_, name;  // of the object that it is about
  std::string reason;
  std::string message;
  std::optional<Time> last;  // when it was seen last
};

// What a journal has beside objects.
struct Recorded {
  std::vector<std::shared_ptr<const world::Verdict>> verdicts;  // in their order
  std::set<meta::Uid> deleted;                                  // of Jobs and JobSets
  std::string ended;                                            // completed, failed, interrupted; empty: not by itself
  std::int64_t unreadable = 0;                                  // lines
  bool torn = false;                                            // the last line is
  bool continues = false;                                       // what came before is gone
  bool live = false;                                            // the run goes on; set by who has read it

  // Killed, or its machine went down.
  bool was_cut_off() const { return ended.empty() && !live; }
};

struct Objects {
  // At their addresses for as long as this lives.
  std::deque<jobset::JobSet> jobsets;
  std::deque<batch::Job> jobs;
  std::deque<core::Pod> pods;
  std::vector<Event> events;
  std::map<std::string, std::int64_t> others;  // objects that were passed over, by kind
  std::optional<Time> newest;                  // time in any of the objects that has passed when they were read
  std::optional<Recorded> recorded;            // where they come from the journal of a run

  bool empty() const { return jobsets.empty() && jobs.empty() && pods.empty(); }
};

// An object that can't be read. The message holds nothing of its values.
struct UnreadableObject {
  std::string message;
  document::Mark mark;
};

class ObjectsReader {
 public:
  // `file`: what rules are said to stand in.
  [[nodiscard]] std::optional<UnreadableObject> Add(const document::Value& value, const std::string& file);
  // A line of a journal (world/journal.h).
  [[nodiscard]] std::optional<UnreadableObject> AddRecord(const document::Value& record);
  [[nodiscard]] Objects Take() { return std::move(out_); }

 private:
  std::optional<UnreadableObject> AddObject(const document::Value& value, const std::string& file,
                                            const document::Value* record);
  template <class T>
  std::optional<UnreadableObject> AddTyped(T made, std::deque<T>& list);
  void AddEvent(const document::Value& value);
  void SetStatus(const document::Value& record);

  Objects out_;
  bool first_record_ = true;
  std::map<std::string, std::size_t, std::less<>> seen_;  // position by kind and UID
};

}  // namespace reprieve::report
