#include "model/read.h"

#include "base/text.h"

namespace reprieve::model {

void Read(JsonCursor& in, bool& out) {
  out = in.ReadBool();
}
void Read(JsonCursor& in, std::int32_t& out) {
  out = ParseInt32(in.ReadText()).value_or(0);
}
void Read(JsonCursor& in, std::int64_t& out) {
  // Of a text it is none (document::Value::AsInt).
  const bool number = in.Peek() == document::Value::Kind::kNumber;
  const auto read = ParseInt64(in.ReadText());
  out = number ? read.value_or(0) : 0;
}
void Read(JsonCursor& in, std::string& out) {
  out = in.ReadText();
}
void Read(JsonCursor& in, SharedString& out) {
  out = in.ReadText();
}
void Read(JsonCursor& in, Time& out) {
  out = ParseRfc3339(in.ReadText()).value_or(Time{});
}
void Read(JsonCursor& in, document::Value& out) {
  out = in.ReadValue();
}

}  // namespace reprieve::model
