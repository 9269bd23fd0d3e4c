#include "document/yaml_write.h"

#include "document/json.h"
#include "document/yaml.h"

namespace reprieve::document {
namespace {

bool IsPlain(std::string_view text) {
  const auto inner = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '/' ||
           c == '-' || c == '_';
  };
  if (text.empty() || text[0] == '-' || text[0] == '.') return false;
  for (const char c : text) {
    if (!inner(c)) return false;
  }
  // 1.5, yes, null: these would not be read back as text.
  return ResolveScalar(text).IsString();
}

void AppendScalar(std::string& out, const Value& value) {
  if (value.IsString() && IsPlain(value.AsText())) {
    out += value.AsText();
  } else {
    out += WriteJson(value);
  }
}

void Append(std::string& out, const Value& value, std::size_t indent);

// What stands after "key:" or "-".
void AppendBelow(std::string& out, const Value& value, std::size_t indent, bool in_list) {
  const bool nested = (value.IsObject() || value.IsArray()) && value.size() > 0;
  if (!nested) {
    out += ' ';
    AppendScalar(out, value);
    out += '\n';
  } else if (in_list && value.IsObject()) {
    // The first member stands beside the dash.
    std::string inner;
    Append(inner, value, indent);
    out += ' ';
    out += inner.substr(indent);
  } else {
    out += '\n';
    Append(out, value, indent);
  }
}

void Append(std::string& out, const Value& value, std::size_t indent) {
  const std::string blanks(indent, ' ');
  if (value.IsObject()) {
    for (const Value::Member& member : value.members()) {
      out += blanks;
      AppendScalar(out, Value::String(member.key));
      out += ':';
      AppendBelow(out, member.value, indent + (member.value.IsArray() ? 0 : 2), false);
    }
  } else {
    for (const Value& item : value.items()) {
      out += blanks;
      out += '-';
      AppendBelow(out, item, indent + 2, true);
    }
  }
}

}  // namespace

std::string WriteYaml(const Value& value) {
  std::string out;
  if ((value.IsObject() || value.IsArray()) && value.size() > 0) {
    Append(out, value, 0);
  } else {
    AppendScalar(out, value);
    out += '\n';
  }
  return out;
}

}  // namespace reprieve::document
