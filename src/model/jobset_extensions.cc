#include "model/jobset_extensions.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace reprieve::jobset {
namespace {

class Reader {
 public:
  explicit Reader(std::vector<ExtensionError>* errors) : errors_(errors) {}

  void Read(std::string_view name, const std::string& text, Extensions& out) {
    if (name == "restart-delay") return Duration(name, text, out.restart_delay);
    if (name == "restart-delay-factor") return Factor(name, text, out.restart_delay_factor);
    if (name == "restart-delay-cap") {
      std::optional<Nanoseconds> cap;
      Duration(name, text, cap);
      if (cap) out.restart_delay_cap = *cap;
      return;
    }
    if (name == "rule-max-restarts") return Counts(name, text, out.rule_max_restarts);
    if (name == "restarts-reset-after") return Duration(name, text, out.restarts_reset_after);
    if (name == "terminating-limit") return Duration(name, text, out.terminating_limit);
    if (name == "pending-limit") return Duration(name, text, out.pending_limit);
    const std::vector<std::string_view> names = {"restart-delay",     "restart-delay-factor", "restart-delay-cap",
                                                 "rule-max-restarts", "restarts-reset-after", "terminating-limit",
                                                 "pending-limit"};
    const std::string_view near = NearestWord(name, names);
    Complain(name, near.empty() ? Cat("is none of Reprieve's; known are ", Join({names.begin(), names.end()}, ", "))
                                : Cat("is none of Reprieve's; did you mean ", kExtensionPrefix, near, "?"));
  }

 private:
  void Duration(std::string_view name, const std::string& text, std::optional<Nanoseconds>& out) {
    const auto duration = ParseDuration(text);
    if (!duration || *duration < Nanoseconds(0)) return Complain(name, "is no duration, such as 10s, 5m or 1h30m");
    out = *duration;
  }

  void Factor(std::string_view name, const std::string& text, double& out) {
    double factor = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), factor);
    if (failed != std::errc() || end != text.data() + text.size() || !(factor >= 1) || factor > 1000) {
      return Complain(name, "is no factor from 1 to 1000, such as 2 or 1.5");
    }
    out = factor;
  }

  void Counts(std::string_view name, const std::string& text, std::map<std::string, std::int32_t>& out) {
    auto counts = ReadCounts(text);
    if (!counts) return Complain(name, "is no list RULE=COUNT; RULE=COUNT, such as network=3; data=1");
    out = std::move(*counts);
  }

  void Complain(std::string_view name, std::string message) {
    if (errors_ != nullptr) errors_->push_back({Cat(kExtensionPrefix, name), std::move(message)});
  }

  std::vector<ExtensionError>* errors_;
};

}  // namespace

Nanoseconds Extensions::DelayOf(std::int64_t in_a_row) const {
  double delay = static_cast<double>(restart_delay.value_or(Nanoseconds(0)).count());
  const double cap = static_cast<double>(restart_delay_cap.count());
  if (delay <= 0) return Nanoseconds(0);
  for (std::int64_t i = 1; i < in_a_row && delay < cap && restart_delay_factor > 1; ++i) delay *= restart_delay_factor;
  return Nanoseconds(static_cast<std::int64_t>(std::min(delay, cap)));
}

Extensions ReadExtensions(const meta::Labels& annotations, std::vector<ExtensionError>* errors) {
  Extensions out;
  Reader reader(errors);
  for (const auto& [key, text] : annotations.All()) {
    if (key.view().starts_with(kExtensionPrefix) && key != kLintIgnore)
      reader.Read(key.view().substr(kExtensionPrefix.size()), text.str(), out);
  }
  return out;
}

std::optional<std::map<std::string, std::int32_t>> ReadCounts(std::string_view text) {
  std::map<std::string, std::int32_t> out;
  for (const std::string_view item : Split(text, ';')) {
    if (Trim(item).empty()) continue;
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view rule = Trim(item.substr(0, equals));
    const auto count = ParseInt32(Trim(item.substr(equals + 1)));
    if (rule.empty() || !count || *count < 0 || !out.emplace(rule, *count).second) return std::nullopt;
  }
  return out;
}

std::string WriteCounts(const std::map<std::string, std::int32_t>& counts) {
  std::string out;
  for (const auto& [rule, count] : counts) AppendTo(out, out.empty() ? "" : "; ", rule, "=", count);
  return out;
}

}  // namespace reprieve::jobset
