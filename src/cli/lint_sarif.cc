// Findings as SARIF 2.1.0, for code scanning: one run, its rules the codes that were found.
//
// Source: the OASIS standard; docs/LINT.md. What is suppressed is left out, as readers count it as found.
#include <algorithm>

#include "base/text.h"
#include "cli/help.h"
#include "cli/lint_result.h"
#include "document/json.h"
#include "lint/pages.h"

namespace reprieve::cli {
namespace {

using document::Value;
using lint::Severity;

Value Object(std::initializer_list<std::pair<const char*, Value>> members) {
  Value out = Value::MakeObject();
  for (const auto& [key, value] : members) out.Set(key, value);
  return out;
}

Value Text(std::string_view text) {
  return Value::String(std::string(text));
}

Value Message(std::string_view text) {
  return Object({{"text", Text(text)}});
}

std::string_view LevelOf(Severity severity) {
  switch (severity) {
    case Severity::kInfo:
      return "note";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  return {};
}

// A path as a URI: relative ones stay relative, for a reader that knows the repository.
std::string UriOf(std::string_view path) {
  constexpr std::string_view kPlain = "-._~/!$&'()*+,;=@";
  while (path.starts_with("./")) path.remove_prefix(2);
  std::string out = path.starts_with('/') ? "file://" : "";
  for (const char c : path) {
    if (IsAlnum(c) || kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      constexpr std::string_view kHex = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      AppendTo(out, '%', kHex[byte >> 4], kHex[byte & 15]);
    }
  }
  return out;
}

Value LocationOf(const Diagnostic& where) {
  Value physical = Object({{"artifactLocation", Object({{"uri", Text(UriOf(where.source->name))}})}});
  if (where.mark.line != 0) {
    physical.Set("region", Object({{"startLine", Value::Int(where.mark.line)},
                                   {"startColumn", Value::Int(std::max<std::uint32_t>(where.mark.column, 1))}}));
  }
  Value location = Object({{"physicalLocation", std::move(physical)}});
  return location;
}

Value RuleOf(const lint::CodeFacts& facts) {
  const std::string page = lint::PageOf(facts.code);
  Value rule = Object({{"id", Text(facts.id)},
                       {"shortDescription", Message(facts.title)},
                       {"defaultConfiguration", Object({{"level", Text(LevelOf(facts.severity))}})}});
  if (!page.empty()) rule.Set("help", Object({{"text", Text(page)}, {"markdown", Text(page)}}));
  return rule;
}

Value ResultOf(const LintFinding& finding, std::size_t rule) {
  Value locations = Value::MakeArray();
  Value location = LocationOf(finding.where);
  if (!finding.where.subject.empty()) {
    Value logical = Value::MakeArray();
    logical.Append(Object({{"fullyQualifiedName", Text(finding.where.subject)}, {"kind", Text("member")}}));
    location.Set("logicalLocations", std::move(logical));
  }
  locations.Append(std::move(location));
  return Object({{"ruleId", Text(FactsOf(finding.code).id)},
                 {"ruleIndex", Value::Int(static_cast<std::int64_t>(rule))},
                 {"level", Text(LevelOf(finding.severity))},
                 {"message", Message(Cat(finding.where.message, " ", finding.where.advice))},
                 {"locations", std::move(locations)}});
}

// What was wrong with the manifests themselves: no result, but why some of them were not looked at.
Value InvocationOf(const LintResult& result) {
  Value invocation = Object({{"executionSuccessful", Value::Bool(result.errors.empty())}});
  if (result.errors.empty()) return invocation;
  Value notifications = Value::MakeArray();
  for (const Diagnostic& error : result.errors) {
    Value locations = Value::MakeArray();
    locations.Append(LocationOf(error));
    notifications.Append(
        Object({{"level", Text("error")},
                {"message", Message(Cat(error.subject, error.subject.empty() ? "" : ": ", error.message,
                                        error.advice.empty() ? "" : " ", error.advice))},
                {"locations", std::move(locations)}}));
  }
  invocation.Set("toolExecutionNotifications", std::move(notifications));
  return invocation;
}

}  // namespace

std::string LintSarif(const LintResult& result) {
  Value rules = Value::MakeArray();
  std::vector<std::optional<std::size_t>> index(lint::AllCodes().size());
  Value results = Value::MakeArray();
  for (const LintFinding& finding : result.findings) {
    auto& at = index[static_cast<std::size_t>(finding.code)];
    if (!at) {
      at = rules.size();
      rules.Append(RuleOf(FactsOf(finding.code)));
    }
    results.Append(ResultOf(finding, *at));
  }
  Value driver =
      Object({{"name", Text("reprieve")},
              {"semanticVersion", Text(std::string_view(kVersionLine).substr(std::string_view("reprieve ").size()))},
              {"rules", std::move(rules)}});
  Value invocations = Value::MakeArray();
  invocations.Append(InvocationOf(result));
  Value runs = Value::MakeArray();
  runs.Append(Object({{"tool", Object({{"driver", std::move(driver)}})},
                      {"invocations", std::move(invocations)},
                      {"columnKind", Text("unicodeCodePoints")},
                      {"results", std::move(results)}}));
  return document::WriteJson(Object({{"$schema", Text("https://json.schemastore.org/sarif-2.1.0.json")},
                                     {"version", Text("2.1.0")},
                                     {"runs", std::move(runs)}})) +
         "\n";
}

}  // namespace reprieve::cli
