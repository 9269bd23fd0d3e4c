#include "sim/test_file.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <set>
#include <utility>

#include "base/text.h"
#include "base/word_reader.h"

namespace reprieve::sim {
namespace {

using document::Mark;
using document::Value;

// What is wrong, in the order in which it is found.
class Reader {
 public:
  explicit Reader(std::vector<PolicyTestError>& errors) : errors_(errors) {}

  void Fail(Mark mark, std::string path, std::string message, std::string advice = {}) {
    errors_.push_back({mark, std::move(path), std::move(message), std::move(advice)});
  }

  // False: it is no object, and that was said.
  bool IsObject(const Value& value, const std::string& path, std::initializer_list<std::string_view> fields) {
    if (!value.IsObject()) {
      Fail(value.mark(), path, "expected fields, such as \"name: value\"");
      return false;
    }
    std::set<std::string_view> seen;
    for (const Value::Member& member : value.members()) {
      const std::string field = path.empty() ? member.key : Cat(path, ".", member.key);
      if (!seen.insert(member.key).second) Fail(member.mark, field, "is there twice; the last one would count");
      if (std::find(fields.begin(), fields.end(), member.key) != fields.end()) continue;
      const std::string_view near = NearestWord(member.key, fields);
      Fail(member.mark, field, Cat("is no field here; expected one of ", List(fields)),
           near.empty() ? std::string() : Cat("Did you mean ", near, "?"));
    }
    return true;
  }

  bool IsArray(const Value& value, const std::string& path, std::string_view of) {
    if (value.IsArray()) return true;
    Fail(value.mark(), path, Cat("expected a list of ", of));
    return false;
  }

  std::string Text(const Value& value, const std::string& path, std::string_view expected) {
    if ((value.IsString() || value.IsNumber()) && !value.AsText().empty()) return value.AsText();
    Fail(value.mark(), path, Cat("expected ", expected));
    return {};
  }

  std::optional<Nanoseconds> Duration(const Value& value, const std::string& path) {
    const auto read = value.IsString() ? ParseDuration(value.AsText()) : std::nullopt;
    if (read && *read >= Nanoseconds(0)) return read;
    Fail(value.mark(), path, "expected a duration, such as 10s, 1m30s or 2h");
    return std::nullopt;
  }

 private:
  static std::string List(std::initializer_list<std::string_view> fields) {
    return Join({fields.begin(), fields.end()}, ", ");
  }
  static std::string_view NearestWord(std::string_view word, std::initializer_list<std::string_view> fields) {
    return reprieve::NearestWord(word, std::vector<std::string_view>(fields));
  }

  std::vector<PolicyTestError>& errors_;
};

// A sentence within the file: its mark is that of its first character.
Mark WordAt(Mark sentence, std::size_t at) {
  return {sentence.line, sentence.column + static_cast<std::uint32_t>(at)};
}

class WorkReader {
 public:
  explicit WorkReader(std::vector<PolicyTestError>& errors) : reader_(errors) {}

  std::vector<WorkEntry> Read(const Value& value, const std::string& path) {
    std::vector<WorkEntry> out;
    if (!reader_.IsArray(value, path, "entries such as {pods: \"workers-*\", runs: 60s}")) return out;
    for (std::size_t i = 0; i < value.size(); ++i) out.push_back(Entry(value[i], Cat(path, "[", i, "]")));
    return out;
  }

 private:
  WorkEntry Entry(const Value& value, const std::string& path) {
    WorkEntry out;
    if (!reader_.IsObject(value, path, {"pods", "container", "runs", "exits", "onSigterm", "message"})) return out;
    if (const Value* pods = value.Find("pods")) out.pods = reader_.Text(*pods, Cat(path, ".pods"), "a name or pattern");
    if (const Value* container = value.Find("container")) {
      out.container = reader_.Text(*container, Cat(path, ".container"), "a name or pattern");
    }
    if (const Value* runs = value.Find("runs")) {
      out.forever = runs->AsText() == "forever";
      if (!out.forever) out.runs = reader_.Duration(*runs, Cat(path, ".runs"));
    }
    if (const Value* exits = value.Find("exits")) {
      out.exits = world::ExitCodeOf(exits->AsText());
      if (!out.exits) {
        reader_.Fail(exits->mark(), Cat(path, ".exits"),
                     "expected an exit code from 0 to 255, or a signal, such as SIGSEGV");
      }
    }
    if (const Value* term = value.Find("onSigterm")) OnTerm(*term, Cat(path, ".onSigterm"), out);
    if (const Value* message = value.Find("message")) {
      out.message = reader_.Text(*message, Cat(path, ".message"), "a text");
    }
    return out;
  }

  // "ignored", "exits 143", "exits 143 after 2s".
  void OnTerm(const Value& value, const std::string& path, WorkEntry& out) {
    WordReader words(value.AsText());
    if (words.Take("ignored")) {
      out.ignores_term = true;
    } else if (words.Expect("exits", "ignored, or exits CODE after DURATION")) {
      const Word word = words.Next("an exit code from 0 to 255");
      const auto code = world::ExitCodeOf(word.text);
      if (!code) words.Fail(word, "expected an exit code from 0 to 255");
      out.on_term = {{}, code.value_or(0)};
      if (words.Take("after")) out.on_term->after = words.Duration();
    }
    words.End("nothing may follow here");
    if (words.error()) reader_.Fail(WordAt(value.mark(), words.error()->at), path, words.error()->message);
  }

  Reader reader_;
};

class TestReader {
 public:
  TestReader(const admission::ManifestObject& object, std::vector<PolicyTestError>& errors,
             const model::FeatureGates& gates)
      : object_(object.value), reader_(errors), errors_(errors) {
    out_.cluster.gates = gates;
    out_.file = object.file;
    out_.mark = object.value.mark();
  }

  PolicyTest Run() {
    reader_.IsObject(object_, "", {"apiVersion", "kind", "metadata", "manifests", "cluster", "work", "cases"});
    Manifests();
    if (const Value* cluster = object_.Find("cluster")) Cluster(*cluster);
    if (const Value* work = object_.Find("work")) out_.work = ReadWork(*work, "work", errors_);
    const Value* cases = object_.Find("cases");
    if (cases == nullptr) {
      reader_.Fail(object_.mark(), "cases", "is missing",
                   "Name at least one case: {name: ..., when: [...], expect: [...]}.");
      return std::move(out_);
    }
    if (reader_.IsArray(*cases, "cases", "cases")) {
      for (std::size_t i = 0; i < cases->size(); ++i) Case((*cases)[i], Cat("cases[", i, "]"));
    }
    return std::move(out_);
  }

 private:
  void Manifests() {
    const Value* manifests = object_.Find("manifests");
    if (manifests == nullptr) {
      return reader_.Fail(object_.mark(), "manifests", "is missing",
                          "Name the files to test: manifests: [train.yaml].");
    }
    if (!reader_.IsArray(*manifests, "manifests", "files, such as [train.yaml]")) return;
    for (std::size_t i = 0; i < manifests->size(); ++i) {
      const Value& each = (*manifests)[i];
      out_.manifests.push_back({reader_.Text(each, Cat("manifests[", i, "]"), "a file's name"), each.mark()});
    }
    if (manifests->size() == 0) reader_.Fail(manifests->mark(), "manifests", "is empty; name the files to test");
  }

  void Cluster(const Value& value) {
    if (!reader_.IsObject(value, "cluster", {"nodes", "startAfter", "lostNode", "featureGates"})) return;
    if (const Value* nodes = value.Find("nodes")) Nodes(*nodes);
    if (const Value* start = value.Find("startAfter")) {
      out_.cluster.start_after = reader_.Duration(*start, "cluster.startAfter").value_or(out_.cluster.start_after);
    }
    if (const Value* gates = value.Find("featureGates")) Gates(*gates);
    const Value* lost = value.Find("lostNode");
    if (lost == nullptr || !reader_.IsObject(*lost, "cluster.lostNode", {"unreachable", "evicted", "removed"})) return;
    LostNodeClock& clock = out_.cluster.lost_node;
    if (const Value* each = lost->Find("unreachable")) {
      clock.unreachable = reader_.Duration(*each, "cluster.lostNode.unreachable").value_or(clock.unreachable);
    }
    if (const Value* each = lost->Find("evicted")) {
      clock.evicted = reader_.Duration(*each, "cluster.lostNode.evicted").value_or(clock.evicted);
    }
    if (const Value* each = lost->Find("removed")) {
      clock.removed = each->AsText() == "never" ? std::nullopt : reader_.Duration(*each, "cluster.lostNode.removed");
    }
  }

  void Gates(const Value& value) {
    if (!value.IsObject()) {
      return reader_.Fail(value.mark(), "cluster.featureGates", "expected gates, such as {RestartJob: true}");
    }
    std::vector<std::string> texts;
    for (const Value::Member& gate : value.members()) {
      const std::string state = gate.value.IsBool() ? (gate.value.AsBool() ? "true" : "false") : gate.value.AsText();
      texts.push_back(Cat(gate.key, "=", state));
    }
    auto gates = model::ParseFeatureGates(Join(texts, ","));
    if (!gates.ok()) return reader_.Fail(value.mark(), "cluster.featureGates", gates.error().message);
    out_.cluster.gates = *gates;
  }

  // A number, or groups of nodes with their labels.
  void Nodes(const Value& value) {
    if (!value.IsArray()) {
      out_.cluster.nodes = {TestNodes{NodeCount(value, "cluster.nodes"), {}}};
      return;
    }
    out_.cluster.nodes.clear();
    for (std::size_t i = 0; i < value.size(); ++i) {
      const std::string path = Cat("cluster.nodes[", i, "]");
      TestNodes& group = out_.cluster.nodes.emplace_back();
      group.count = 1;
      if (!reader_.IsObject(value[i], path, {"count", "labels"})) continue;
      if (const Value* count = value[i].Find("count")) group.count = NodeCount(*count, Cat(path, ".count"));
      const Value* labels = value[i].Find("labels");
      if (labels == nullptr || !labels->IsObject()) continue;
      for (const Value::Member& label : labels->members()) group.labels[label.key] = label.value.AsText();
    }
    if (value.size() == 0) reader_.Fail(value.mark(), "cluster.nodes", "is empty; a cluster has at least one node");
  }

  std::int32_t NodeCount(const Value& value, const std::string& path) {
    const auto count = value.IsNumber() ? ParseInt32(value.AsText()) : std::nullopt;
    if (count && *count >= 1 && *count <= kMostNodes) return *count;
    reader_.Fail(value.mark(), path, Cat("expected a number of nodes from 1 to ", kMostNodes));
    return 1;
  }

  void Case(const Value& value, const std::string& path) {
    if (!reader_.IsObject(value, path, {"name", "when", "expect", "work", "until", "table"})) return;
    const Value* table = value.Find("table");
    if (table == nullptr) return Row(value, path, {}, {}, {});
    if (!reader_.IsArray(*table, Cat(path, ".table"), "rows, the first with the names of the columns")) return;
    std::vector<std::string> columns;
    for (const Value& name : (*table)[0].items()) columns.push_back(name.AsText());
    if (columns.empty()) {
      return reader_.Fail(table->mark(), Cat(path, ".table[0]"),
                          "expected the names of the columns, such as [code, end]");
    }
    for (std::size_t i = 1; i < table->size(); ++i) {
      const Value& row = (*table)[i];
      const std::string at = Cat(path, ".table[", i, "]");
      if (row.size() != columns.size() || !row.IsArray()) {
        reader_.Fail(row.mark(), at,
                     Cat("expected ", columns.size(), " values, one for each of ", Join(columns, ", ")));
        continue;
      }
      Row(value, path, columns, row.items(), row.mark());
    }
  }

  // `values` stand for ${column} in the case's texts. `mark`: of the row.
  void Row(const Value& value, const std::string& path, const std::vector<std::string>& columns,
           const Value::Array& values, Mark mark) {
    if (out_.cases.size() >= kMostCases) {
      if (out_.cases.size() == kMostCases)
        reader_.Fail(value.mark(), path, Cat("a file has at most ", kMostCases, " cases"));
      return;
    }
    PolicyCase& out = out_.cases.emplace_back();
    out.mark = columns.empty() ? value.mark() : mark;
    const auto filled = [&](const std::string& text) { return Fill(text, columns, values); };
    if (const Value* name = value.Find("name")) {
      out.name = filled(reader_.Text(*name, Cat(path, ".name"), "a name"));
    } else {
      reader_.Fail(value.mark(), Cat(path, ".name"), "is missing; a case has a name");
    }
    if (!columns.empty() && value["name"].AsText().find("${") == std::string::npos) {
      std::vector<std::string> texts;
      for (const Value& each : values) texts.push_back(each.AsText());
      AppendTo(out.name, " (", Join(texts, ", "), ")");
    }
    if (const Value* when = value.Find("when")) {
      Sentences(*when, Cat(path, ".when"), filled, world::ParseIncident, out.when);
    }
    if (const Value* expect = value.Find("expect")) {
      Sentences(*expect, Cat(path, ".expect"), filled, ParseExpectation, out.expect);
    }
    if (out.expect.empty() && !value.Find("expect")) {
      reader_.Fail(value.mark(), Cat(path, ".expect"), "is missing; a case that expects nothing can't fail");
    }
    if (const Value* work = value.Find("work")) {
      out.work = ReadWork(columns.empty() ? *work : Filled(*work, columns, values), Cat(path, ".work"), errors_);
    }
    if (const Value* until = value.Find("until")) {
      out.until = reader_.Duration(*until, Cat(path, ".until")).value_or(out.until);
    }
  }

  template <class T, class Parse>
  void Sentences(const Value& value, const std::string& path, const auto& filled, const Parse& parse,
                 std::vector<Placed<T>>& out) {
    if (!reader_.IsArray(value, path, "sentences")) return;
    for (std::size_t i = 0; i < value.size(); ++i) {
      const Value& sentence = value[i];
      const std::string at = Cat(path, "[", i, "]");
      const std::string text = reader_.Text(sentence, at, "a sentence");
      if (text.empty()) continue;
      auto parsed = parse(filled(text));
      if (auto* read = std::get_if<T>(&parsed)) {
        out.push_back({std::move(*read), sentence.mark()});
        continue;
      }
      const auto& error = std::get<WordError>(parsed);
      // Of a row, or of a quoted text, the word may stand elsewhere: then the sentence's place is near enough.
      reader_.Fail(filled(text) == text ? WordAt(sentence.mark(), error.at) : sentence.mark(), at, error.message);
    }
  }

  static std::string Fill(std::string text, const std::vector<std::string>& columns, const Value::Array& values) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string name = Cat("${", columns[i], "}");
      for (std::size_t at = text.find(name); at != std::string::npos;
           at = text.find(name, at + values[i].AsText().size())) {
        text.replace(at, name.size(), values[i].AsText());
      }
    }
    return text;
  }

  static Value Filled(Value value, const std::vector<std::string>& columns, const Value::Array& values) {
    if (value.IsString()) {
      const Mark mark = value.mark();
      value = Value::String(Fill(value.AsText(), columns, values));
      value.set_mark(mark);
    } else if (value.IsArray()) {
      for (Value& item : value.items()) item = Filled(std::move(item), columns, values);
    } else if (value.IsObject()) {
      for (Value::Member& member : value.members()) member.value = Filled(std::move(member.value), columns, values);
    }
    return value;
  }

  const Value& object_;
  Reader reader_;
  std::vector<PolicyTestError>& errors_;
  PolicyTest out_;
};

}  // namespace

PolicyTest ReadPolicyTest(const admission::ManifestObject& object, std::vector<PolicyTestError>& errors,
                          const model::FeatureGates& gates) {
  return TestReader(object, errors, gates).Run();
}

std::vector<WorkEntry> ReadWork(const Value& value, const std::string& path, std::vector<PolicyTestError>& errors) {
  return WorkReader(errors).Read(value, path);
}

}  // namespace reprieve::sim
