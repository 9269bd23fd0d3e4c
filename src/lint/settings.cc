#include "lint/settings.h"

#include <algorithm>

#include "base/text.h"
#include "document/yaml.h"
#include "model/feature_gates.h"
#include "model/jobset_version.h"
#include "model/kubernetes_version.h"

namespace reprieve::lint {
namespace {

using document::Value;

constexpr std::string_view kKeys[] = {"disable",        "severity",     "fail-on", "kubernetes-version",
                                      "jobset-version", "feature-gates"};

class Reader {
 public:
  explicit Reader(Settings& out) : out_(out) {}

  std::vector<SettingsError> Run(std::string_view text) {
    std::vector<Value> documents;
    if (const auto error = document::ParseYaml(text, documents)) {
      errors_.push_back({error->mark, "", error->message, ""});
      return std::move(errors_);
    }
    for (const Value& document : documents) {
      if (document.IsNull()) continue;
      if (!document.IsObject()) {
        errors_.push_back({document.mark(), "", "settings are keys and values, such as disable: [RP021]", ""});
        continue;
      }
      for (const Value::Member& member : document.members()) Member(member);
    }
    return std::move(errors_);
  }

 private:
  void Member(const Value::Member& member) {
    const Value& value = member.value;
    if (member.key == "disable") {
      Disable(value);
    } else if (member.key == "severity") {
      if (!value.IsObject())
        Complain(value.mark(), "severity", "expected codes with severities, such as {RP010: error}");
      for (const Value::Member& each : value.members()) SetSeverity(each);
    } else if (member.key == "fail-on") {
      out_.fail_on = ParseFailOn(value.AsText());
      if (!out_.fail_on) Complain(value.mark(), "fail-on", "expected error, warning, info or never");
    } else if (member.key == "kubernetes-version") {
      Version(value, "kubernetes-version", model::ParseKubernetesVersion, out_.kubernetes_version);
    } else if (member.key == "jobset-version") {
      Version(value, "jobset-version", model::ParseJobSetVersion, out_.jobset_version);
    } else if (member.key == "feature-gates") {
      Version(value, "feature-gates", model::ParseFeatureGates, out_.feature_gates);
    } else {
      const std::string_view near = NearestWord(member.key, {std::begin(kKeys), std::end(kKeys)});
      errors_.push_back({member.mark, member.key,
                         Cat("unknown; expected ", Join({std::begin(kKeys), std::end(kKeys)}, ", ")),
                         near.empty() ? std::string() : Cat("Did you mean ", near, "?")});
    }
  }

  void Disable(const Value& value) {
    if (!value.IsArray()) return Complain(value.mark(), "disable", "expected a list of codes, such as [RP021, RP022]");
    for (const Value& item : value.items()) {
      if (const auto code = CodeNamed(item.AsText())) {
        out_.disabled.insert(*code);
      } else {
        Complain(item.mark(), "disable", "no such code; docs/LINT.md has them all");
      }
    }
  }

  void SetSeverity(const Value::Member& member) {
    const auto code = CodeNamed(member.key);
    const auto severity = SeverityNamed(member.value.AsText());
    if (!code) return Complain(member.mark, Cat("severity.", member.key), "no such code; docs/LINT.md has them all");
    if (!severity)
      return Complain(member.value.mark(), Cat("severity.", member.key), "expected error, warning or info");
    out_.severities[*code] = *severity;
  }

  void Version(const Value& value, std::string_view field, const auto& parse, std::string& into) {
    const auto parsed = parse(value.AsText());
    if (!parsed.ok()) return Complain(value.mark(), std::string(field), parsed.error().message);
    into = value.AsText();
  }

  void Complain(document::Mark mark, std::string field, std::string message) {
    errors_.push_back({mark, std::move(field), std::move(message), ""});
  }

  Settings& out_;
  std::vector<SettingsError> errors_;
};

}  // namespace

std::vector<SettingsError> ReadSettings(std::string_view text, Settings& out) {
  return Reader(out).Run(text);
}

std::variant<std::set<Code>, std::string> ParseCodes(std::string_view text) {
  std::set<Code> out;
  for (const std::string_view word : Split(text, ',')) {
    const auto code = CodeNamed(Trim(word));
    if (!code) return std::string(Trim(word));
    out.insert(*code);
  }
  return out;
}

std::optional<FailOn> ParseFailOn(std::string_view word) {
  if (word == "never") return FailOn();
  const auto severity = SeverityNamed(word);
  if (!severity) return std::nullopt;
  return FailOn(severity);
}

}  // namespace reprieve::lint
