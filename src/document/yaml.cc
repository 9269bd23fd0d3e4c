#include "document/yaml.h"

#include <yaml.h>

#include <map>
#include <memory>
#include <set>

#include "base/text.h"

namespace reprieve::document {
namespace {

Mark MarkOf(const yaml_mark_t& mark) {
  return {static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
}

std::string TextOf(const yaml_char_t* bytes, std::size_t length) {
  return {reinterpret_cast<const char*>(bytes), length};
}
std::string TextOf(const yaml_char_t* name) {
  return name == nullptr ? "" : reinterpret_cast<const char*>(name);
}

// One of libyaml's events; freed with this.
class Event {
 public:
  Event() = default;
  ~Event() { yaml_event_delete(&event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  yaml_event_t* get() { return &event_; }
  const yaml_event_t* operator->() const { return &event_; }

 private:
  yaml_event_t event_{};
};

struct ParserDelete {
  void operator()(yaml_parser_t* parser) const {
    yaml_parser_delete(parser);
    delete parser;
  }
};

std::size_t CountValues(const Value& value) {
  std::size_t count = 1;
  for (const Value& item : value.items()) count += CountValues(item);
  for (const auto& member : value.members()) count += CountValues(member.value);
  return count;
}

// Builds the values of one stream with an explicit stack of the collections that are open.
class Builder {
 public:
  Builder(std::string_view text, std::vector<Value>& out, std::size_t max_values)
      : out_(out), parser_(new yaml_parser_t), max_values_(max_values) {
    const bool ready = yaml_parser_initialize(parser_.get()) == 1;
    REPRIEVE_CHECK(ready, "out of memory");
    yaml_parser_set_input_string(parser_.get(), reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }

  std::optional<YamlError> Run() {
    while (!done_ && !error_) Next();
    return std::move(error_);
  }

 private:
  struct Frame {
    Value container;
    std::string anchor;
    std::string key;  // of the member whose value comes next
    Mark key_mark;
    bool has_key = false;
    bool merges = false;  // that member is <<
    std::vector<Value> merged;
    std::set<std::string> keys;
  };

  void Fail(std::string message, Mark mark) {
    if (!error_) error_ = YamlError{std::move(message), mark};
  }

  void Next() {
    Event event;
    if (yaml_parser_parse(parser_.get(), event.get()) == 0) return FailToParse();
    const Mark mark = MarkOf(event->start_mark);
    switch (event->type) {
      case YAML_NO_EVENT:
      case YAML_STREAM_START_EVENT:
        return;
      case YAML_STREAM_END_EVENT:
        done_ = true;
        return;
      case YAML_DOCUMENT_START_EVENT:
        anchors_.clear();
        return;
      case YAML_DOCUMENT_END_EVENT:
        out_.push_back(std::move(document_));
        document_ = Value();
        return;
      case YAML_ALIAS_EVENT:
        return Alias(TextOf(event->data.alias.anchor), mark);
      case YAML_SCALAR_EVENT:
        return Scalar(event->data.scalar, mark);
      case YAML_SEQUENCE_START_EVENT:
        return Open(Value::MakeArray(), TextOf(event->data.sequence_start.anchor), mark);
      case YAML_MAPPING_START_EVENT:
        return Open(Value::MakeObject(), TextOf(event->data.mapping_start.anchor), mark);
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        return Close(mark);
    }
  }

  void FailToParse() {
    const yaml_parser_t& parser = *parser_;
    std::string message = TextOf(reinterpret_cast<const yaml_char_t*>(parser.problem));
    if (parser.context != nullptr) message = Cat(parser.context, ": ", message);
    if (parser.error == YAML_READER_ERROR) message = Cat("the text is not valid UTF-8: ", message);
    Fail(std::move(message), MarkOf(parser.problem_mark));
  }

  void Open(Value container, std::string anchor, Mark mark) {
    if (open_.size() >= kMaxYamlDepth) return Fail(Cat("nested deeper than ", kMaxYamlDepth, " levels"), mark);
    if (!open_.empty() && ExpectsKey()) return Fail("a list or a map can't be a key", mark);
    container.set_mark(mark);
    Frame frame;
    frame.container = std::move(container);
    frame.anchor = std::move(anchor);
    open_.push_back(std::move(frame));
  }

  void Close(Mark mark) {
    Frame frame = std::move(open_.back());
    open_.pop_back();
    for (const Value& merged : frame.merged) Merge(merged, frame);
    if (!frame.anchor.empty()) {
      if (!Count(CountValues(frame.container), mark)) return;
      anchors_[frame.anchor] = frame.container;
    }
    Place(std::move(frame.container), mark);
  }

  // What << brings in doesn't win over what the map says itself.
  static void Merge(const Value& source, Frame& target) {
    for (const Value& each : source.items()) Merge(each, target);
    for (const auto& member : source.members()) {
      if (target.keys.insert(member.key).second) target.container.members().push_back(member);
    }
  }

  // Copies of anchors count too: a small text must not become a large value.
  bool Count(std::size_t values, Mark mark) {
    count_ += values;
    if (count_ <= max_values_) return true;
    Fail(Cat("more than ", max_values_, " values, anchors and aliases counted as often as they are copied"), mark);
    return false;
  }

  void Alias(const std::string& name, Mark mark) {
    const auto anchor = anchors_.find(name);
    if (anchor == anchors_.end()) return Fail(Cat("unknown anchor '", name, "' referenced"), mark);
    if (!Count(CountValues(anchor->second), mark)) return;
    if (!open_.empty() && ExpectsKey()) return Key(KeyText(anchor->second), mark, /*merges=*/false);
    Place(anchor->second, mark);
  }

  void Scalar(const auto& scalar, Mark mark) {
    const std::string text = TextOf(scalar.value, scalar.length);
    const std::string tag = TextOf(scalar.tag);
    const bool typed = tag == "tag:yaml.org,2002:int" || tag == "tag:yaml.org,2002:float" ||
                       tag == "tag:yaml.org,2002:bool" || tag == "tag:yaml.org,2002:null";
    const bool text_by_tag = tag == "!" || tag == "tag:yaml.org,2002:str";
    const bool plain = typed || (scalar.style == YAML_PLAIN_SCALAR_STYLE && !text_by_tag);
    if (!open_.empty() && ExpectsKey()) {
      const bool merges = plain && text == "<<";
      if (plain && ResolveScalar(text).IsNull()) return Fail("a key of a map can't be null", mark);
      return Key(plain && !merges ? KeyText(ResolveScalar(text)) : text, mark, merges);
    }
    if (const auto number = UnsupportedNumber(text); plain && !number.empty()) {
      return Fail(Cat("json: unsupported value: ", number), mark);
    }
    Value value = plain ? ResolveScalar(text) : Value::String(text);
    value.set_mark(mark);
    const std::string anchor = TextOf(scalar.anchor);
    if (!anchor.empty()) anchors_[anchor] = value;
    Place(std::move(value), mark);
  }

  // Keys that are no text become the text that JSON would print.
  static std::string KeyText(const Value& key) { return key.IsString() ? key.AsText() : WriteJson(key); }

  bool ExpectsKey() const { return open_.back().container.IsObject() && !open_.back().has_key; }

  void Key(std::string text, Mark mark, bool merges) {
    Frame& frame = open_.back();
    if (!merges) frame.keys.insert(text);
    frame.key = std::move(text);
    frame.key_mark = mark;
    frame.has_key = true;
    frame.merges = merges;
  }

  void Place(Value value, Mark mark) {
    if (!Count(1, mark)) return;
    if (open_.empty()) {
      document_ = std::move(value);
      return;
    }
    Frame& frame = open_.back();
    if (frame.container.IsArray()) {
      frame.container.items().push_back(std::move(value));
      return;
    }
    frame.has_key = false;
    if (!frame.merges) {
      frame.container.members().push_back({std::move(frame.key), std::move(value), frame.key_mark});
      return;
    }
    frame.merges = false;
    if (!IsMergeable(value)) return Fail("map merge requires map or sequence of maps as the value", mark);
    frame.merged.push_back(std::move(value));
  }

  static bool IsMergeable(const Value& value) {
    if (value.IsObject()) return true;
    if (!value.IsArray()) return false;
    for (const Value& item : value.items()) {
      if (!item.IsObject()) return false;
    }
    return true;
  }

  std::vector<Value>& out_;
  std::unique_ptr<yaml_parser_t, ParserDelete> parser_;
  std::vector<Frame> open_;
  std::map<std::string, Value> anchors_;
  Value document_;
  const std::size_t max_values_;
  std::size_t count_ = 0;
  bool done_ = false;
  std::optional<YamlError> error_;
};

}  // namespace

std::optional<YamlError> ParseYaml(std::string_view text, std::vector<Value>& out, std::size_t max_values) {
  return Builder(text, out, max_values).Run();
}

Result<std::vector<Value>> ParseYaml(std::string_view text) {
  std::vector<Value> out;
  if (const auto error = ParseYaml(text, out)) {
    return Error{Cat("line ", error->mark.line, ", column ", error->mark.column, ": ", error->message)};
  }
  return out;
}

}  // namespace reprieve::document
