// Which recorded pod name belongs to which of our pods.
//
// Source: tests/oracle/README.md. Pods are named p1, p2, ... in order of creation; those created together without an
// index are interchangeable until an action names one or a snapshot tells them apart.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "document/value.h"

namespace reprieve::oracle {

class PodNames {
 public:
  // Pods that were created within one step, in the order of creation; `index` "" for none.
  struct Created {
    std::string name;
    std::string index;
    std::string owner = {};  // of JobSets: the Job
  };
  void AddStep(std::vector<Created> created);

  // Our name for a recorded one; empty if there is none. If pods are interchangeable, one is chosen now.
  std::string Ours(const std::string& recorded);

  // Binds the pods that this snapshot distinguishes: `expected` by recorded name, `actual` by ours; an absent pod is
  // null.
  void Match(const document::Value& expected, const std::map<std::string, document::Value>& actual);
  // Binds the rest arbitrarily.
  void BindRest();
  // `text` with our names replaced by the recorded ones.
  std::string Recorded(std::string text) const;
  // "" if it has no recorded name yet.
  std::string RecordedOf(const std::string& ours) const;
  // Recorded names and our pods of one step that are not distinguished yet.
  struct Group {
    std::vector<std::string> recorded;
    std::vector<std::string> ours;
  };
  const std::vector<Group>& groups() const { return groups_; }

 private:
  void BindPair(const std::string& recorded, const std::string& ours);

  std::size_t count_ = 0;
  std::map<std::string, std::string> ours_of_;
  std::map<std::string, std::string> recorded_of_;
  std::vector<Group> groups_;
};

}  // namespace reprieve::oracle
