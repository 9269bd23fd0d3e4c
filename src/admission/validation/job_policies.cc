#include <algorithm>
#include <set>

#include "admission/validation/job.h"
#include "admission/validation/names.h"
#include "base/text.h"
#include "document/json.h"
#include "model/decode.h"
#include "model/index_list.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::size_t kMaxRules = 20;
constexpr std::size_t kMaxPatterns = 20;
constexpr std::size_t kMaxExitCodes = 255;
constexpr std::size_t kMaxIndexListBytes = 65536;

bool OneOf(std::string_view text, const std::vector<std::string_view>& supported) {
  return std::find(supported.begin(), supported.end(), text) != supported.end();
}

bool IsContainerName(const Value& pod_spec, std::string_view name) {
  for (const std::string_view list : {"containers", "initContainers"}) {
    for (const Value& container : pod_spec[list].items()) {
      if (container["name"].AsText() == name) return true;
    }
  }
  return false;
}

void ValidateAction(const Value& spec, const std::string& action, const FieldPath& path, FieldErrors& errors) {
  if (action.empty()) {
    errors.Required(path, "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]");
  } else if (action == "FailIndex") {
    if (spec["backoffLimitPerIndex"].IsNull()) {
      errors.Invalid(path, Shown(action), "requires the backoffLimitPerIndex to be set");
    }
  } else if (!OneOf(action, {"Count", "FailJob", "Ignore"})) {
    errors.NotSupported(path, action, {"Count", "FailIndex", "FailJob", "Ignore"});
  }
}

void ValidateExitCodes(const Value& spec, const Value& codes, const FieldPath& path, FieldErrors& errors) {
  const std::string& op = codes["operator"].AsText();
  if (op.empty()) {
    errors.Required(path / "operator", "valid values: [\"In\" \"NotIn\"]");
  } else if (!OneOf(op, {"In", "NotIn"})) {
    errors.NotSupported(path / "operator", op, {"In", "NotIn"});
  }
  const Value& container = codes["containerName"];
  if (!container.IsNull() && !IsContainerName(spec["template"]["spec"], container.AsText())) {
    errors.Invalid(path / "containerName", Shown(container),
                   "must be one of the container or initContainer names in the pod template");
  }
  const FieldPath values_path = path / "values";
  const Value& values = codes["values"];
  if (values.size() == 0) {
    errors.Invalid(values_path, Shown(values), "at least one value is required");
  } else if (values.size() > kMaxExitCodes) {
    errors.TooMany(values_path, values.size(), kMaxExitCodes);
  }
  std::set<std::int64_t> seen;
  bool ordered = true;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::int64_t code = values[i].AsInt();
    if (op == "In" && code == 0) errors.Invalid(values_path[i], Shown(code), "must not be 0 for the In operator");
    if (!seen.insert(code).second) errors.Duplicate(values_path[i], Shown(code));
    if (i > 0 && values[i - 1].AsInt() > code) ordered = false;
  }
  if (!ordered) errors.Invalid(values_path, document::WriteJson(values), "must be ordered");
}

void ValidatePatterns(const Value& patterns, const FieldPath& path, FieldErrors& errors) {
  if (patterns.size() > kMaxPatterns) errors.TooMany(path, patterns.size(), kMaxPatterns);
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const std::string& type = patterns[i]["type"].AsText();
    for (const auto& fault : QualifiedNameFaults(type)) errors.Invalid(path[i] / "type", Shown(type), fault);
    const std::string& status = patterns[i]["status"].AsText();
    if (status.empty()) {
      errors.Required(path[i] / "status", "valid values: [\"False\" \"True\" \"Unknown\"]");
    } else if (!OneOf(status, {"False", "True", "Unknown"})) {
      errors.NotSupported(path[i] / "status", status, {"False", "True", "Unknown"});
    }
  }
}

void ValidateFailureRule(const Value& spec, const Value& rule, const FieldPath& path, FieldErrors& errors) {
  const Value& codes = rule["onExitCodes"];
  const Value& patterns = rule["onPodConditions"];
  ValidateAction(spec, rule["action"].AsText(), path / "action", errors);
  if (!codes.IsNull()) ValidateExitCodes(spec, codes, path / "onExitCodes", errors);
  if (patterns.size() > 0) ValidatePatterns(patterns, path / "onPodConditions", errors);
  if (!codes.IsNull() && patterns.size() > 0) {
    errors.InvalidNoValue(path, "specifying both OnExitCodes and OnPodConditions is not supported");
  } else if (codes.IsNull() && patterns.size() == 0) {
    errors.InvalidNoValue(path, "specifying one of OnExitCodes and OnPodConditions is required");
  }
}

void ValidateSuccessRule(const Value& spec, const Value& rule, const FieldPath& path, FieldErrors& errors) {
  const Value& count = rule["succeededCount"];
  const Value& indexes = rule["succeededIndexes"];
  // Null only where that is already an error.
  const std::int64_t completions = spec["completions"].AsInt();
  if (count.IsNull() && indexes.IsNull()) {
    errors.Required(path, "at least one of succeededCount or succeededIndexes must be specified");
  }
  std::int64_t listed = 0;
  if (!indexes.IsNull()) {
    const FieldPath indexes_path = path / "succeededIndexes";
    if (indexes.AsText().size() > kMaxIndexListBytes) errors.TooLong(indexes_path, kMaxIndexListBytes);
    const auto parsed = model::ParseIndexList(indexes.AsText(), static_cast<std::int32_t>(completions));
    if (parsed.ok()) {
      listed = model::CountIndexes(*parsed);
    } else {
      errors.Invalid(indexes_path, Shown(indexes), Cat("error parsing succeededIndexes: ", parsed.error().message));
    }
  }
  if (count.IsNull()) return;
  const FieldPath count_path = path / "succeededCount";
  ValidateNonNegative(count, count_path, errors);
  const auto at_most = [&](std::int64_t limit, std::string_view what) {
    if (count.AsInt() <= limit) return;
    errors.Invalid(count_path, Shown(count), Cat("must be less than or equal to ", limit, " (", what, ")"));
  };
  at_most(completions, "the number of specified completions");
  if (!indexes.IsNull()) at_most(listed, "the number of indexes in the specified succeededIndexes field");
}

}  // namespace

void ValidatePodFailurePolicy(const Value& spec, const FieldPath& path, FieldErrors& errors) {
  const Value& rules = spec["podFailurePolicy"]["rules"];
  const FieldPath rules_path = path / "rules";
  if (rules.size() > kMaxRules) errors.TooMany(rules_path, rules.size(), kMaxRules);
  for (std::size_t i = 0; i < rules.size(); ++i) ValidateFailureRule(spec, rules[i], rules_path[i], errors);
}

void ValidateSuccessPolicy(const Value& spec, const FieldPath& path, FieldErrors& errors) {
  const Value& policy = spec["successPolicy"];
  if (spec["completionMode"].AsText() != "Indexed") {
    errors.Invalid(path, model::Dump(&policy, model::GetMessage("batch/v1.SuccessPolicy")),
                   "requires indexed completion mode");
    return;
  }
  const Value& rules = policy["rules"];
  const FieldPath rules_path = path / "rules";
  if (rules.size() == 0) {
    errors.Required(rules_path, "at least one rules must be specified when the successPolicy is specified");
  }
  if (rules.size() > kMaxRules) errors.TooMany(rules_path, rules.size(), kMaxRules);
  for (std::size_t i = 0; i < rules.size(); ++i) ValidateSuccessRule(spec, rules[i], rules_path[i], errors);
}

}  // namespace reprieve::admission
