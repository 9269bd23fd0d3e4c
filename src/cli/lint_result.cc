#include "cli/lint_result.h"

#include <array>
#include <set>

#include "base/text.h"
#include "cli/error_json.h"
#include "document/json.h"

namespace reprieve::cli {
namespace {

using document::Value;
using lint::Severity;

Tone ToneOf(Severity severity) {
  switch (severity) {
    case Severity::kInfo:
      return Tone::kNote;
    case Severity::kWarning:
      return Tone::kWarning;
    case Severity::kError:
      return Tone::kError;
  }
  return Tone::kNote;
}

std::string Counted(std::size_t count, std::string_view one, std::string_view many) {
  return Cat(count, " ", count == 1 ? one : many);
}

// "1 error, 2 warnings and 1 info in train.yaml."
std::string Summary(const LintResult& result) {
  std::array<std::size_t, 3> counts{};
  std::set<std::string> files;
  for (const LintFinding& finding : result.findings) {
    ++counts[static_cast<std::size_t>(finding.severity)];
    files.insert(finding.where.source->name);
  }
  std::vector<std::string> parts;
  if (counts[2] != 0) parts.push_back(Counted(counts[2], "error", "errors"));
  if (counts[1] != 0) parts.push_back(Counted(counts[1], "warning", "warnings"));
  if (counts[0] != 0) parts.push_back(Counted(counts[0], "info", "infos"));
  return Cat(Join(parts, ", "), " in ", files.size() == 1 ? *files.begin() : Cat(files.size(), " files"),
             ". `reprieve lint --explain CODE` explains each.\n");
}

// GitHub ends a property at , and : and a message at a line's end; all are percent-encoded.
std::string Escaped(std::string_view text, bool property) {
  std::string out;
  for (const char c : text) {
    if (c == '%') {
      out += "%25";
    } else if (c == '\r') {
      out += "%0D";
    } else if (c == '\n') {
      out += "%0A";
    } else if (property && c == ':') {
      out += "%3A";
    } else if (property && c == ',') {
      out += "%2C";
    } else {
      out += c;
    }
  }
  return out;
}

std::string Command(std::string_view command, const Diagnostic& where, std::string_view title, std::string_view text) {
  std::string out = Cat("::", command, " file=", Escaped(where.source->name, true));
  if (where.mark.line != 0) AppendTo(out, ",line=", where.mark.line, ",col=", where.mark.column);
  return Cat(out, ",title=", Escaped(title, true), "::", Escaped(text, false), "\n");
}

std::string_view CommandOf(Severity severity) {
  switch (severity) {
    case Severity::kInfo:
      return "notice";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  return {};
}

}  // namespace

std::string LintText(const LintResult& result, const Style& style) {
  std::string out = RenderAll(result.errors, style);
  if (!result.errors.empty()) AppendTo(out, CountLine(result.errors, ""), "\n");
  std::vector<Diagnostic> shown;
  for (const LintFinding& finding : result.findings) {
    Diagnostic& each = shown.emplace_back(finding.where);
    each.subject = Cat(NameOf(finding.severity), " ", FactsOf(finding.code).id, ": ", each.subject);
    each.tone = ToneOf(finding.severity);
  }
  if (!shown.empty()) AppendTo(out, out.empty() ? "" : "\n", RenderAll(shown, style), Summary(result));
  return out;
}

std::string LintJson(const LintResult& result) {
  std::string out;
  for (const Diagnostic& error : result.errors) AppendTo(out, document::WriteJson(ErrorObject(error)), "\n");
  for (const LintFinding& finding : result.findings) {
    Value object = Value::MakeObject();
    object.Set("type", Value::String("finding"));
    object.Set("code", Value::String(std::string(FactsOf(finding.code).id)));
    object.Set("severity", Value::String(std::string(NameOf(finding.severity))));
    object.Set("file", Value::String(finding.where.source->name));
    object.Set("line", Value::Int(finding.where.mark.line));
    object.Set("column", Value::Int(finding.where.mark.column));
    if (!finding.object.empty()) object.Set("object", Value::String(finding.object));
    if (!finding.where.subject.empty()) object.Set("field", Value::String(finding.where.subject));
    object.Set("message", Value::String(finding.where.message));
    object.Set("change", Value::String(finding.where.advice));
    AppendTo(out, document::WriteJson(object), "\n");
  }
  return out;
}

std::string LintGithub(const LintResult& result) {
  std::string out;
  for (const Diagnostic& error : result.errors) {
    out += Command("error", error, "Not valid",
                   Cat(error.subject, error.subject.empty() ? "" : ": ", error.message, error.advice.empty() ? "" : " ",
                       error.advice));
  }
  for (const LintFinding& finding : result.findings) {
    const lint::CodeFacts& facts = FactsOf(finding.code);
    out += Command(CommandOf(finding.severity), finding.where, Cat(facts.id, " ", facts.title),
                   Cat(finding.where.message, " ", finding.where.advice));
  }
  return out;
}

}  // namespace reprieve::cli
