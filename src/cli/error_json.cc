#include "cli/error_json.h"

namespace reprieve::cli {

using document::Value;

namespace {

Value DiagnosticObject(const char* type, const Diagnostic& diagnostic) {
  Value out = Value::MakeObject();
  out.Set("type", Value::String(type));
  out.Set("file", Value::String(diagnostic.source->name));
  if (diagnostic.mark.line != 0) {
    out.Set("line", Value::Int(diagnostic.mark.line));
    out.Set("column", Value::Int(diagnostic.mark.column));
  }
  if (!diagnostic.subject.empty()) out.Set("field", Value::String(diagnostic.subject));
  out.Set("message", Value::String(diagnostic.message));
  if (!diagnostic.advice.empty()) out.Set("advice", Value::String(diagnostic.advice));
  return out;
}

}  // namespace

Value ErrorObject(const Diagnostic& diagnostic) {
  return DiagnosticObject("error", diagnostic);
}

Value WarningObject(const Diagnostic& diagnostic) {
  return DiagnosticObject("warning", diagnostic);
}

Value ErrorObject(const std::string& message, const std::string& advice) {
  Value out = Value::MakeObject();
  out.Set("type", Value::String("error"));
  out.Set("message", Value::String(message));
  if (!advice.empty()) out.Set("advice", Value::String(advice));
  return out;
}

}  // namespace reprieve::cli
