#include "oracle/pod_names.h"

#include <algorithm>

#include "base/text.h"

namespace reprieve::oracle {

void PodNames::AddStep(std::vector<Created> created) {
  std::stable_sort(created.begin(), created.end(), [](const Created& a, const Created& b) {
    if (a.owner != b.owner) return a.owner < b.owner;
    return ParseInt64(a.index).value_or(-1) < ParseInt64(b.index).value_or(-1);
  });
  Group group;
  for (std::size_t i = 0; i < created.size(); ++i) {
    const std::string recorded = Cat("p", ++count_);
    const auto twin = [&](std::size_t j) {
      return j < created.size() && created[j].index == created[i].index && created[j].owner == created[i].owner;
    };
    if (twin(i + 1) || (i > 0 && twin(i - 1))) {
      group.recorded.push_back(recorded);
      group.ours.push_back(created[i].name);
    } else {
      BindPair(recorded, created[i].name);
    }
  }
  if (!group.recorded.empty()) groups_.push_back(std::move(group));
}

std::string PodNames::Ours(const std::string& recorded) {
  if (const auto at = ours_of_.find(recorded); at != ours_of_.end()) return at->second;
  for (Group& group : groups_) {
    const auto at = std::find(group.recorded.begin(), group.recorded.end(), recorded);
    if (at == group.recorded.end()) continue;
    group.recorded.erase(at);
    std::string ours = group.ours.front();
    group.ours.erase(group.ours.begin());
    BindPair(recorded, ours);
    return ours;
  }
  return {};
}

void PodNames::Match(const document::Value& expected, const std::map<std::string, document::Value>& actual) {
  const auto shown = [&](const std::string& ours) {
    const auto at = actual.find(ours);
    return at == actual.end() ? document::Value::Null() : at->second;
  };
  for (Group& group : groups_) {
    const bool told_apart = std::any_of(group.recorded.begin(), group.recorded.end(), [&](const std::string& recorded) {
      return !(expected[recorded] == expected[group.recorded.front()]);
    });
    if (!told_apart) continue;
    for (auto recorded = group.recorded.begin(); recorded != group.recorded.end();) {
      const auto ours = std::find_if(group.ours.begin(), group.ours.end(),
                                     [&](const std::string& name) { return shown(name) == expected[*recorded]; });
      if (ours == group.ours.end()) {
        ++recorded;
        continue;
      }
      BindPair(*recorded, *ours);
      group.ours.erase(ours);
      recorded = group.recorded.erase(recorded);
    }
  }
}

void PodNames::BindRest() {
  for (Group& group : groups_) {
    for (std::size_t i = 0; i < group.recorded.size(); ++i) BindPair(group.recorded[i], group.ours[i]);
    group = {};
  }
}

std::string PodNames::Recorded(std::string text) const {
  for (const auto& [ours, recorded] : recorded_of_) {
    for (std::size_t at = text.find(ours); at != std::string::npos; at = text.find(ours, at + recorded.size())) {
      text.replace(at, ours.size(), recorded);
    }
  }
  return text;
}

std::string PodNames::RecordedOf(const std::string& ours) const {
  const auto at = recorded_of_.find(ours);
  return at == recorded_of_.end() ? std::string() : at->second;
}

void PodNames::BindPair(const std::string& recorded, const std::string& ours) {
  ours_of_[recorded] = ours;
  recorded_of_[ours] = recorded;
}

}  // namespace reprieve::oracle
