#include "node/agent_protocol.h"

#include <utility>

#include "base/text.h"
#include "document/json.h"

namespace reprieve::node {
namespace {

using document::Value;

constexpr std::string_view kInPlace = "InPlaceRestart";
constexpr std::string_view kRecreate = "Recreate";

Result<document::Value> ParseObject(std::string_view line) {
  auto value = document::ParseJson(line);
  if (!value) return value.error();
  if (!value->IsObject()) return Error{"not an object"};
  return value;
}

// nullopt if there is no such member.
Result<std::optional<std::int32_t>> AttemptIn(const document::Value& object, std::string_view member) {
  const document::Value& value = object[member];
  if (value.IsNull()) return std::optional<std::int32_t>();
  const auto number = value.IsNumber() ? ParseInt32(value.AsText()) : std::nullopt;
  if (!number || *number < 0) return Error{Cat("\"", member, "\" is not an attempt")};
  return number;
}

}  // namespace

std::string EncodeNews(const policy::InPlaceNews& news) {
  document::Value out = document::Value::MakeObject();
  out.Set("strategy", document::Value::String(std::string(news.in_place ? kInPlace : kRecreate)));
  out.Set("disabled", document::Value::Bool(news.disabled));
  if (news.current) out.Set("current", document::Value::Int(*news.current));
  if (news.previous) out.Set("previous", document::Value::Int(*news.previous));
  return document::WriteJson(out) + "\n";
}

std::string EncodeAttempt(std::int32_t attempt) {
  return Cat("{\"attempt\":", attempt, "}\n");
}

Result<policy::InPlaceNews> DecodeNews(std::string_view line) {
  const auto object = ParseObject(line);
  if (!object) return object.error();
  if (!(*object)["strategy"].IsString()) return Error{"\"strategy\" is missing"};
  const auto current = AttemptIn(*object, "current");
  if (!current) return current.error();
  const auto previous = AttemptIn(*object, "previous");
  if (!previous) return previous.error();
  policy::InPlaceNews out;
  out.in_place = (*object)["strategy"].AsText() == kInPlace;
  out.disabled = (*object)["disabled"].AsBool();
  out.current = *current;
  out.previous = *previous;
  return out;
}

Result<std::int32_t> DecodeAttempt(std::string_view line) {
  const auto object = ParseObject(line);
  if (!object) return object.error();
  const auto attempt = AttemptIn(*object, "attempt");
  if (!attempt) return attempt.error();
  if (!*attempt) return Error{"\"attempt\" is missing"};
  return **attempt;
}

bool AgentLines::Add(std::string_view bytes) {
  text_.append(bytes);
  const std::size_t last = text_.rfind('\n');
  const std::size_t unfinished = last == std::string::npos ? text_.size() : text_.size() - last - 1;
  return unfinished < kMaxAgentLine;
}

std::optional<std::string> AgentLines::Take() {
  const std::size_t end = text_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  std::string line = text_.substr(0, end);
  text_.erase(0, end + 1);
  return line;
}

}  // namespace reprieve::node
