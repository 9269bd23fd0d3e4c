// LiveReader: what a verb that looks once reads from a cluster: Jobs, JobSets, their pods and events.
//
// Every call runs a loop until the answers are in. Bounded in objects and in time. Errors name what was asked for and
// what to do; none holds a secret or an object's contents.
//
// One owner, any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "document/value.h"
#include "kube/access.h"
#include "kube/rest.h"
#include "net/loop.h"
#include "world/local_clock.h"

namespace reprieve::kube {

// Why something was not read.
struct LiveError {
  std::string message;
  bool absent = false;  // there is no such object; else the cluster can't be reached, or refuses
};

// One that is named on the command line.
struct LiveSubject {
  bool is_jobset = false;
  std::string name;
};
// job/train, jobs.batch/train, jobset/train and the like; nothing: it is none.
[[nodiscard]] std::optional<LiveSubject> ParseLiveSubject(std::string_view word);

class LiveReader {
 public:
  // More objects of one kind are not read.
  static constexpr std::size_t kMostObjects = 200'000;

  static Result<std::unique_ptr<LiveReader>> Make(const AccessOptions& options, const Surroundings& surroundings);
  LiveReader(const LiveReader&) = delete;
  LiveReader& operator=(const LiveReader&) = delete;

  // Of the context.
  const std::string& usual_namespace() const { return rest_->access().namespace_; }

  // The object, its Jobs if it is a JobSet, their pods, and the events about them. Objects say their kind. Events that
  // cannot be read are left out: `notes` says so.
  std::optional<LiveError> ReadSubject(const LiveSubject& subject, const std::string& name_space,
                                       std::vector<document::Value>& out, std::vector<std::string>& notes);
  // Job, JobSets and CronJobs of that namespace (empty: of all) that no other object has made.
  std::optional<LiveError> ReadWorkloads(const std::string& name_space, std::vector<document::Value>& out);

 private:
  struct Resource;

  explicit LiveReader(std::unique_ptr<Rest> rest);
  Outcome Await(const std::string& path);
  std::optional<LiveError> List(const Resource& resource, const std::string& name_space, const std::string& query,
                                std::vector<document::Value>& out);
  LiveError Absent(const Resource& resource, const std::string& name, const std::string& name_space);
  LiveError Failed(const Resource& resource, const std::string& name_space, const Outcome& outcome) const;

  net::Loop loop_;
  world::LocalClock clock_;
  std::unique_ptr<Rest> rest_;
};

}  // namespace reprieve::kube
