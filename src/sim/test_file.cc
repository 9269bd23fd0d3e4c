#include "sim/test_file.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "base/word_reader.h"

namespace reprieve::sim {
namespace {

using document::Mark;
using document::Value;

class WorkReader {
 public:
  explicit WorkReader(std::vector<DocumentError>& errors) : reader_(errors) {}

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
    if (const Value* term = value.Find("onSigterm")) {
      out.on_term = ReadOnTerm(*term, Cat(path, ".onSigterm"), reader_);
      out.ignores_term = !out.on_term;
    }
    if (const Value* message = value.Find("message")) {
      out.message = reader_.Text(*message, Cat(path, ".message"), "a text");
    }
    return out;
  }

  DocumentReader reader_;
};

class TestReader {
 public:
  TestReader(const admission::ManifestObject& object, std::vector<DocumentError>& errors,
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
    if (const Value* gates = value.Find("featureGates")) {
      ReadGates(*gates, "cluster.featureGates", reader_, out_.cluster.gates);
    }
    if (const Value* lost = value.Find("lostNode")) {
      ReadLostNode(*lost, "cluster.lostNode", reader_, out_.cluster.lost_node);
    }
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
  DocumentReader reader_;
  std::vector<DocumentError>& errors_;
  PolicyTest out_;
};

}  // namespace

std::optional<ContainerRun::OnTerm> ReadOnTerm(const Value& value, const std::string& path, DocumentReader& reader) {
  std::optional<ContainerRun::OnTerm> out;
  WordReader words(value.AsText());
  if (!words.Take("ignored") && words.Expect("exits", "ignored, or exits CODE after DURATION")) {
    const Word word = words.Next("an exit code from 0 to 255");
    const auto code = world::ExitCodeOf(word.text);
    if (!code) words.Fail(word, "expected an exit code from 0 to 255");
    out = {{}, code.value_or(0)};
    if (words.Take("after")) out->after = words.Duration();
  }
  words.End("nothing may follow here");
  if (words.error()) reader.Fail(WordAt(value.mark(), words.error()->at), path, words.error()->message);
  return out;
}

void ReadGates(const Value& value, const std::string& path, DocumentReader& reader, model::FeatureGates& out) {
  if (!value.IsObject()) return reader.Fail(value.mark(), path, "expected gates, such as {RestartJob: true}");
  std::vector<std::string> texts;
  for (const Value::Member& gate : value.members()) {
    const std::string state = gate.value.IsBool() ? (gate.value.AsBool() ? "true" : "false") : gate.value.AsText();
    texts.push_back(Cat(gate.key, "=", state));
  }
  auto gates = model::ParseFeatureGates(Join(texts, ","));
  if (!gates.ok()) return reader.Fail(value.mark(), path, gates.error().message);
  out = *gates;
}

void ReadLostNode(const Value& value, const std::string& path, DocumentReader& reader, LostNodeClock& out) {
  if (!reader.IsObject(value, path, {"unreachable", "evicted", "removed"})) return;
  reader.Read(value, "unreachable", path, out.unreachable);
  reader.Read(value, "evicted", path, out.evicted);
  if (const Value* removed = value.Find("removed")) {
    out.removed = removed->AsText() == "never" ? std::nullopt : reader.Duration(*removed, Cat(path, ".removed"));
  }
}

PolicyTest ReadPolicyTest(const admission::ManifestObject& object, std::vector<DocumentError>& errors,
                          const model::FeatureGates& gates) {
  return TestReader(object, errors, gates).Run();
}

std::vector<WorkEntry> ReadWork(const Value& value, const std::string& path, std::vector<DocumentError>& errors) {
  return WorkReader(errors).Read(value, path);
}

}  // namespace reprieve::sim
