#include "model/schema.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <numeric>

#include "base/check.h"
#include "base/text.h"
#include "model/schema_lines.h"

namespace reprieve::model {
namespace {

struct Row {
  std::string_view name;
  std::string_view type;
  std::string_view options;
  std::string_view support;
  std::string_view reason;
};

struct NamedShape {
  std::string_view go_type;
  Shape shape;
};

constexpr NamedShape kScalars[] = {
    {"string", Shape::kString},
    {"types.UID", Shape::kString},
    {"bool", Shape::kBool},
    {"int32", Shape::kInt32},
    {"int64", Shape::kInt64},
    {"int", Shape::kInt64},
    {"[]byte", Shape::kBytes},
    {"resource.Quantity", Shape::kQuantity},
    {"intstr.IntOrString", Shape::kIntOrString},
    {"metav1.Time", Shape::kTime},
    {"meta/v1.Time", Shape::kTime},
    {"metav1.MicroTime", Shape::kMicroTime},
    {"meta/v1.MicroTime", Shape::kMicroTime},
    {"runtime.RawExtension", Shape::kRaw},
    {"meta/v1.FieldsV1", Shape::kRaw},
    {"watch.Event", Shape::kRaw},
};

bool Consume(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool IsBuiltin(std::string_view type) {
  return type == "string" || type == "bool" || type == "int32" || type == "int64" || type == "int" || type == "byte";
}

Support SupportNamed(std::string_view name) {
  if (name == "honoured") return Support::kHonoured;
  if (name == "no-effect") return Support::kNoEffect;
  if (name == "warned") return Support::kWarned;
  REPRIEVE_CHECK(name == "refused", name);
  return Support::kRefused;
}

FieldSupport ReadSupport(const Row& row) {
  FieldSupport out;
  if (row.support.empty()) return out;
  const auto words = Split(row.support, ' ');
  out.kind = SupportNamed(words.front());
  out.reason = row.reason;
  for (std::size_t i = 1; i < words.size(); ++i) {
    std::string_view option = words[i];
    if (option == "always") {
      out.always = true;
    } else if (Consume(option, "neutral=")) {
      out.neutral = Split(option, '|');
    } else {
      REPRIEVE_CHECK(Consume(option, "only="), row.support);
      out.only = Split(option, '|');
    }
  }
  return out;
}

// The whole table. Messages are made on first mention, so that they may name each other.
class Schema {
 public:
  Schema() {
    for (const std::string_view line : SchemaLines()) Read(line);
    for (const auto& [name, rows] : rows_) Build(Declared(name), name, rows);
  }

  const Message* Find(std::string_view name) const {
    const auto it = messages_.find(name);
    return it == messages_.end() ? nullptr : it->second.get();
  }

 private:
  void Read(std::string_view line) {
    if (line.empty() || line.front() == '#') return;
    const auto cells = Split(line, '\t');
    REPRIEVE_CHECK(cells.size() >= 5 && cells.size() <= 7, line);
    if (cells[1] == "=") {
      aliases_[std::string(cells[0])] = cells[3];
    } else if (cells[1] == "(empty)") {
      rows_[std::string(cells[0])];
    } else {
      rows_[std::string(cells[0])].push_back({cells[1], cells[3], cells[4],
                                              cells.size() > 5 ? cells[5] : std::string_view(),
                                              cells.size() > 6 ? cells[6] : std::string_view()});
    }
  }

  Message& Declared(std::string_view name) {
    auto& slot = messages_[std::string(name)];
    if (!slot) slot = std::make_unique<Message>();
    return *slot;
  }

  void Build(Message& message, const std::string& name, const std::vector<Row>& rows) {
    message.full_name = name;
    message.name = name.substr(name.rfind('.') + 1);
    AddFields(message, Group(name), rows, {});
    message.by_name.resize(message.fields.size());
    std::iota(message.by_name.begin(), message.by_name.end(), 0U);
    std::sort(message.by_name.begin(), message.by_name.end(),
              [&](auto a, auto b) { return message.fields[a].name < message.fields[b].name; });
  }

  void AddFields(Message& message, std::string_view group, const std::vector<Row>& rows,
                 const std::vector<std::string>& embedded) {
    for (const Row& row : rows) {
      if (row.name == "(inline)") {
        const std::string inner = FullName(group, row.type);
        auto deeper = embedded;
        deeper.push_back(inner.substr(inner.rfind('.') + 1));
        AddFields(message, Group(inner), rows_.at(inner), deeper);
        continue;
      }
      message.fields.push_back(MakeField(group, row));
      message.fields.back().embedded = embedded;
    }
  }

  Field MakeField(std::string_view group, const Row& row) {
    Field field;
    field.name = row.name;
    field.go_name = row.name;
    field.go_name[0] = static_cast<char>(IsLower(row.name[0]) ? row.name[0] - 'a' + 'A' : row.name[0]);
    field.type = MakeType(group, row.type);
    field.support = ReadSupport(row);
    for (std::string_view option : Split(row.options, ' ')) {
      if (option == "omitempty") field.omitempty = true;
      if (option == "omitzero") field.omitzero = true;
      if (option == "required") field.required = true;
      if (Consume(option, "go=")) field.go_name = option;
      if (Consume(option, "patchMergeKey=")) field.merge_key = option;
      if (Consume(option, "listMapKey=")) field.list_map_keys.emplace_back(option);
      if (option == "listType=set") field.list_set = true;
      if (option == "mapType=atomic") field.map_atomic = true;
      if (Consume(option, "patchStrategy=")) {
        field.patch_merge = option.starts_with("merge");
        field.patch_retain_keys = option.ends_with("retainKeys");
      }
    }
    return field;
  }

  Type MakeType(std::string_view group, std::string_view text) {
    Type type;
    type.pointer = Consume(text, "*");
    for (const auto& scalar : kScalars) {
      if (text != scalar.go_type && FullName(group, text) != scalar.go_type) continue;
      type.shape = scalar.shape;
      type.go_name = GoName(group, text);
      return type;
    }
    type.go_name = GoName(group, text);
    if (Consume(text, "[]")) {
      type.shape = Shape::kList;
      type.element = Keep(MakeType(group, text));
      return type;
    }
    if (Consume(text, "map[")) {
      type.shape = Shape::kMap;
      type.element = Keep(MakeType(group, text.substr(text.find(']') + 1)));
      return type;
    }
    const std::string full = FullName(group, text);
    if (const auto alias = aliases_.find(full); alias != aliases_.end()) {
      Type named = MakeType(Group(full), alias->second);
      named.pointer = type.pointer;
      named.go_name = type.go_name;
      return named;
    }
    REPRIEVE_CHECK(rows_.contains(full), full);
    type.shape = Shape::kMessage;
    type.message = &Declared(full);
    return type;
  }

  const Type* Keep(Type type) { return &types_.emplace_back(std::move(type)); }

  static std::string_view Group(std::string_view full_name) { return full_name.substr(0, full_name.rfind('.')); }

  static std::string FullName(std::string_view group, std::string_view type) {
    const std::size_t dot = type.find('.');
    if (dot == std::string_view::npos) return IsBuiltin(type) ? std::string(type) : Cat(group, ".", type);
    const std::string_view package = type.substr(0, dot);
    const std::string_view name = type.substr(dot + 1);
    if (package == "metav1") return Cat("meta/v1.", name);
    if (package == "corev1") return Cat("core/v1.", name);
    if (package == "batchv1") return Cat("batch/v1.", name);
    return std::string(type);
  }

  // As Go's reflection names it: the last part of the package's path, a dot, the name.
  static std::string GoName(std::string_view group, std::string_view type) {
    std::string prefix;
    if (type == "[]byte") return "[]uint8";
    while (true) {
      if (Consume(type, "*")) {
        prefix += "*";
      } else if (Consume(type, "[]")) {
        prefix += "[]";
      } else if (type.starts_with("map[")) {
        const std::size_t close = type.find(']');
        prefix += Cat("map[", GoName(group, type.substr(4, close - 4)), "]");
        type = type.substr(close + 1);
      } else {
        break;
      }
    }
    if (IsBuiltin(type)) return prefix + std::string(type);
    const std::string full = FullName(group, type);
    const std::string_view package = Group(full);
    return Cat(prefix, PackageName(package), ".", std::string_view(full).substr(package.size() + 1));
  }

  std::map<std::string, std::vector<Row>, std::less<>> rows_;
  std::map<std::string, std::string_view, std::less<>> aliases_;
  std::map<std::string, std::unique_ptr<Message>, std::less<>> messages_;
  std::deque<Type> types_;
};

const Schema& TheSchema() {
  static const Schema schema;
  return schema;
}

}  // namespace

const Field* Message::Find(std::string_view field) const {
  const auto it = std::lower_bound(by_name.begin(), by_name.end(), field,
                                   [&](auto index, std::string_view wanted) { return fields[index].name < wanted; });
  return it != by_name.end() && fields[*it].name == field ? &fields[*it] : nullptr;
}

const Message* FindMessage(std::string_view full_name) {
  return TheSchema().Find(full_name);
}

const Message& GetMessage(std::string_view full_name) {
  const Message* message = FindMessage(full_name);
  REPRIEVE_CHECK(message != nullptr, full_name);
  return *message;
}

std::string_view PackageName(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

const Message& JobMessage() {
  static const Message& message = GetMessage("batch/v1.Job");
  return message;
}

const Message& PodMessage() {
  static const Message& message = GetMessage("core/v1.Pod");
  return message;
}

const Message& JobSetMessage() {
  static const Message& message = GetMessage("jobset.x-k8s.io/v1alpha2.JobSet");
  return message;
}

}  // namespace reprieve::model
