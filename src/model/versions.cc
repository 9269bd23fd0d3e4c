#include "model/versions.h"

#include <algorithm>
#include <map>

#include "base/check.h"
#include "base/text.h"
#include "model/schema_lines.h"

namespace reprieve::model {
namespace {

constexpr std::string_view kJobSetGroup = "jobset.x-k8s.io/";

enum Column : std::size_t { kMessage, kPath, kValue, kGate, kStages, kOff, kBefore, kSource, kColumns };

int ReadMinor(std::string_view version) {
  const auto minor = ParseInt32(version.substr(version.find('.') + 1));
  REPRIEVE_CHECK(minor.has_value(), version);
  return *minor;
}

// "1.31=alpha 1.33=beta": what a version has, or says, until the next.
std::vector<std::pair<int, std::string_view>> ReadSteps(std::string_view text) {
  std::vector<std::pair<int, std::string_view>> out;
  for (const std::string_view step : Split(text, ' ')) {
    const std::size_t equals = step.find('=');
    REPRIEVE_CHECK(equals != std::string_view::npos, text);
    const int minor = ReadMinor(step.substr(0, equals));
    REPRIEVE_CHECK(out.empty() || out.back().first < minor, text);
    out.emplace_back(minor, step.substr(equals + 1));
  }
  return out;
}

Stage StageNamed(std::string_view name) {
  if (name == "alpha") return Stage::kAlpha;
  if (name == "beta-off") return Stage::kBetaOff;
  if (name == "beta") return Stage::kBeta;
  if (name == "ga" || name == "on") return Stage::kStable;
  REPRIEVE_CHECK(name == "absent", name);
  return Stage::kAbsent;
}

Treatment TreatmentNamed(std::string_view name) {
  if (name.empty()) return Treatment::kServed;
  if (name == "drops" || name == "drops-volume") return Treatment::kDropped;
  if (name == "refuses") return Treatment::kRefused;
  REPRIEVE_CHECK(name == "unknown", name);
  return Treatment::kUnknown;
}

PathStep ReadStep(std::string_view text) {
  const std::size_t open = text.find('[');
  PathStep out{text.substr(0, open)};
  if (open == std::string_view::npos) return out;
  out.is_list = true;
  const std::string_view index = text.substr(open + 1, text.size() - open - 2);
  if (!index.empty()) out.first_item = static_cast<std::size_t>(*ParseInt64(index));
  return out;
}

bool IsOn(Stage stage) {
  return stage == Stage::kBeta || stage == Stage::kStable;
}

struct Table {
  Table() {
    for (const std::string_view line : VersionLines()) {
      if (line.empty() || line.front() == '#') continue;
      const auto cells = Split(line, '\t');
      REPRIEVE_CHECK(cells.size() == kColumns, line);
      if (cells[kPath] == "=") {
        job_types = ReadSteps(cells[kStages]);
      } else {
        rows[cells[kMessage]].emplace_back(line);
      }
    }
  }

  std::map<std::string_view, std::vector<VersionRow>> rows;
  std::vector<std::pair<int, std::string_view>> job_types;
};

const Table& TheTable() {
  static const Table table;
  return table;
}

}  // namespace

VersionRow::VersionRow(std::string_view line) {
  const auto cells = Split(line, '\t');
  REPRIEVE_CHECK(cells.size() == kColumns, line);
  message_ = cells[kMessage];
  product_ = message_.starts_with(kJobSetGroup) ? Product::kJobSet : Product::kKubernetes;
  for (const std::string_view step : Split(cells[kPath], '.')) path_.push_back(ReadStep(step));
  const std::string_view value = cells[kValue];
  if (value.starts_with('/')) {
    pattern_.emplace(value.substr(1, value.size() - 2));
    REPRIEVE_CHECK(pattern_->error().empty(), value);
  } else if (!value.empty()) {
    values_ = Split(value, '|');
  }
  gate_ = cells[kGate];
  for (const auto& [minor, stage] : ReadSteps(cells[kStages])) stages_.emplace_back(minor, StageNamed(stage));
  off_ = TreatmentNamed(cells[kOff]);
  before_ = TreatmentNamed(cells[kBefore]);
  drops_volume_ = cells[kOff] == "drops-volume";
}

bool VersionRow::Covers(std::string_view text) const {
  if (pattern_) return pattern_->FoundIn(text);
  return values_.empty() || std::find(values_.begin(), values_.end(), text) != values_.end();
}

Stage VersionRow::StageIn(int minor) const {
  Stage out = Stage::kAbsent;
  for (const auto& [since, stage] : stages_) {
    if (since <= minor) out = stage;
  }
  return out;
}

Treatment VersionRow::TreatmentIn(int minor) const {
  const Stage stage = StageIn(minor);
  if (stage == Stage::kAbsent) return before_;
  return IsOn(stage) ? Treatment::kServed : off_;
}

std::optional<int> VersionRow::last_minor() const {
  if (stages_.back().second != Stage::kAbsent) return std::nullopt;
  return stages_.back().first - 1;
}

std::optional<int> VersionRow::served_since() const {
  for (const auto& [since, stage] : stages_) {
    if (IsOn(stage)) return since;
  }
  return std::nullopt;
}

const std::vector<VersionRow>& VersionRowsOf(std::string_view message) {
  static const std::vector<VersionRow> none;
  const auto& rows = TheTable().rows;
  const auto at = rows.find(message);
  return at == rows.end() ? none : at->second;
}

std::vector<const VersionRow*> VersionRows() {
  std::vector<const VersionRow*> out;
  for (const auto& [message, rows] : TheTable().rows) {
    for (const VersionRow& row : rows) out.push_back(&row);
  }
  return out;
}

KubernetesVersion JobTypesOf(JobSetVersion version) {
  KubernetesVersion out;
  for (const auto& [since, types] : TheTable().job_types) {
    if (since <= version.minor) out.minor = ReadMinor(types);
  }
  return out;
}

}  // namespace reprieve::model
