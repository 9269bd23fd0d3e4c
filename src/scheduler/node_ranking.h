// NodeRanking: the nodes that a pod could go to now, best first, kept as loads change.
//
// The best is the one with the highest score, then the fewest pods, then the lowest number: what a look at every node
// would choose. A change costs the logarithm of the number of nodes. Plain data; one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

namespace reprieve::scheduler {

class NodeRanking {
 public:
  struct Entry {
    double score = 0;
    std::int64_t pods = 0;
    std::size_t node = 0;

    friend bool operator<(const Entry& a, const Entry& b) {
      if (a.score != b.score) return a.score > b.score;
      if (a.pods != b.pods) return a.pods < b.pods;
      return a.node < b.node;
    }
  };

  explicit NodeRanking(std::size_t nodes) : known_(nodes) {}

  // Nothing: the pod can't go there.
  void Set(std::size_t node, std::optional<Entry> entry) {
    if (known_[node]) sorted_.erase(*known_[node]);
    known_[node] = entry;
    if (entry) sorted_.insert(*entry);
  }
  // Best first.
  const std::set<Entry>& sorted() const { return sorted_; }

 private:
  std::vector<std::optional<Entry>> known_;  // by node
  std::set<Entry> sorted_;
};

}  // namespace reprieve::scheduler
