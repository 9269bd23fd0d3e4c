#include "kube/reflector.h"

#include <utility>

#include "base/text.h"
#include "document/json.h"
#include "net/url.h"

namespace reprieve::kube {
namespace {

using document::Value;

constexpr std::string_view kInitialEventsEnd = "k8s.io/initial-events-end";

meta::ResourceVersion Number(const std::string& version) {
  const auto number = ParseInt64(version);
  return number && *number > 0 ? static_cast<meta::ResourceVersion>(*number) : 0;
}

}  // namespace

Reflector::Reflector(Rest& rest, ReflectorSink& sink, ReflectorOptions options)
    : rest_(rest),
      sink_(sink),
      options_(std::move(options)),
      backoff_(rest.random(), options_.first_wait, options_.longest_wait),
      watch_list_(options_.watch_list),
      retry_(rest.loop()),
      alive_(std::make_shared<bool>(true)) {}

std::string Reflector::PathWith(const std::string& query) const {
  std::string out = Cat(options_.path, "?", query);
  if (!options_.selector.empty()) AppendTo(out, "&labelSelector=", net::PercentEncode(options_.selector));
  return out;
}

void Reflector::List() {
  version_.clear();
  listing_ = true;
  ++counters_.lists;
  sink_.ListBegins();
  watch_list_ ? Watch(true) : ListPages("");
}

void Reflector::Relist() {
  ++round_;
  stream_.reset();
  retry_.Cancel();
  synced_ = false;
  List();
}

void Reflector::ListPages(const std::string& next) {
  std::string query = Cat("limit=", options_.page);
  if (!next.empty()) AppendTo(query, "&continue=", net::PercentEncode(next));
  rest_.Send({.path = PathWith(query), .timeout = Seconds(60), .max_body = std::size_t{256} << 20},
             [this, alive = alive_, round = round_](Outcome outcome) {
               if (*alive && round == round_) PageCame(std::move(outcome));
             });
}

void Reflector::PageCame(Outcome outcome) {
  if (outcome.status == 410) return Expired();  // the pages took too long
  if (!outcome.ok()) return Failed(outcome.message, outcome.retry_after);
  document::JsonCursor in(outcome.body);
  Value metadata;
  if (in.BeginObject()) {
    std::string_view key;
    while (in.NextMember(key)) {
      if (key == "metadata") {
        metadata = in.ReadValue();
      } else if (key == "items" && in.BeginArray()) {
        while (in.NextItem()) sink_.Changed(in);
      } else if (key != "items") {
        in.Skip();
      }
    }
  }
  in.End();
  if (!in.ok()) return Failed(Cat("a list that is no JSON: ", in.error()), Nanoseconds(0));
  outcome.body = {};
  const std::string next = metadata["continue"].AsText();
  const std::string version = metadata["resourceVersion"].AsText();
  if (version.empty()) return Failed("a list without a version", Nanoseconds(0));
  if (!next.empty()) return ListPages(next);
  version_ = version;
  listing_ = false;
  synced_ = true;
  sink_.ListEnds(Number(version));
  Well();
  Watch(false);
}

void Reflector::Watch(bool with_initial_events) {
  const Nanoseconds time = options_.watch_time + Nanoseconds(rest_.random().Between(0, options_.watch_time.count()));
  std::string query =
      Cat("watch=1&allowWatchBookmarks=true&timeoutSeconds=", std::chrono::duration_cast<Seconds>(time).count(),
          "&resourceVersion=", net::PercentEncode(version_));
  if (with_initial_events) query += "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
  initial_ = with_initial_events;
  gone_ = false;
  error_.clear();
  line_.clear();
  ++counters_.watches;
  stream_ = rest_.Open(
      {.path = PathWith(query)}, options_.longest_silence, [this](std::string_view bytes) { Take(bytes); },
      [this](Outcome outcome) { WatchEnded(std::move(outcome)); });
}

void Reflector::Take(std::string_view bytes) {
  if (is_bad()) return;
  while (!bytes.empty() && !is_bad()) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) {
      line_ += bytes;
      if (line_.size() > kMaxLine) error_ = "a watch event of more than 16 MiB";
      break;
    }
    if (line_.empty()) {
      TakeLine(bytes.substr(0, end));
    } else {
      line_ += bytes.substr(0, end);
      TakeLine(std::exchange(line_, {}));
    }
    bytes.remove_prefix(end + 1);
  }
  if (is_bad()) EndWatch();
}

// A server may leave a stream open that it has ended by an error. Not within the stream's own call.
void Reflector::EndWatch() {
  rest_.loop().Post([this, alive = alive_, watch = counters_.watches] {
    if (*alive && stream_ && watch == counters_.watches) WatchEnded({});
  });
}

void Reflector::TakeLine(std::string_view line) {
  if (Trim(line).empty()) return;
  document::JsonCursor in(line);
  std::string type;
  std::string_view early;  // the object, if it comes before its type
  if (in.BeginObject()) {
    std::string_view key;
    while (in.NextMember(key)) {
      if (key == "type") {
        type = in.ReadText();
      } else if (key != "object") {
        in.Skip();
      } else if (type.empty()) {
        early = in.Raw();
      } else {
        TakeObject(type, in);
      }
    }
  }
  in.End();
  if (!in.ok()) {
    error_ = Cat("a watch event that is no JSON: ", in.error());
  } else if (!early.empty()) {
    document::JsonCursor object(early);
    TakeObject(type, object);
  }
}

void Reflector::TakeObject(std::string_view type, document::JsonCursor& object) {
  if (type == "ERROR") {
    const Value status = object.ReadValue();
    gone_ = status["code"].AsInt() == 410;
    error_ = status["message"].AsText();
    if (error_.empty()) error_ = "the server ends the watch by an error without a message";
    return;
  }
  if (type == "BOOKMARK") {
    const Value bookmark = object.ReadValue();
    return object.ok() ? TakeBookmark(bookmark) : void();
  }
  const bool deleted = type == "DELETED";
  if (!deleted && type != "ADDED" && type != "MODIFIED") return object.Skip();  // a type of a later version
  const meta::ResourceVersion version = deleted ? sink_.Deleted(object) : sink_.Changed(object);
  if (object.ok() && version != 0) Passed(version);
}

void Reflector::TakeBookmark(const Value& object) {
  const meta::ResourceVersion version = Number(object["metadata"]["resourceVersion"].AsText());
  if (version == 0) {
    error_ = "a bookmark without a version";
    return;
  }
  if (initial_ && object["metadata"]["annotations"][kInitialEventsEnd].AsText() == "true") {
    initial_ = false;
    listing_ = false;
    synced_ = true;
    version_ = Cat(version);
    sink_.ListEnds(version);
    Well();
  } else if (!initial_) {
    sink_.Bookmark(version);
    Passed(version);
  }
}

// While everything is sent the versions are in no order.
void Reflector::Passed(meta::ResourceVersion version) {
  if (initial_) return;
  version_ = Cat(version);
  if (!trouble_.empty()) Well();
}

void Reflector::WatchEnded(Outcome outcome) {
  stream_.reset();
  if (gone_ || outcome.status == 410) return Expired();
  if (!error_.empty()) return Failed(error_, Nanoseconds(0));
  if (initial_ && (outcome.status == 422 || outcome.status == 400)) {
    // This server has no WatchList.
    watch_list_ = false;
    return ListPages("");
  }
  if (outcome.status == 200) {
    // It ended as it should. In the middle of the initial events it did not.
    if (initial_) return Failed("the server ended the stream before it had sent everything", Nanoseconds(0));
    return Watch(false);
  }
  if (outcome.status == 0 && outcome.timed_out) {
    ++counters_.stalled;
    // A server that knows no WatchList may take it for a plain watch, and then never says that everything was sent.
    if (initial_) watch_list_ = false;
  }
  Failed(outcome.message, outcome.retry_after);
}

void Reflector::Expired() {
  ++counters_.expired;
  retry_.After(backoff_.Next(), [this] { List(); });
}

void Reflector::Failed(const std::string& why, Nanoseconds retry_after) {
  ++counters_.failures;
  if (trouble_ != why && options_.problem) options_.problem(Cat(options_.path, ": ", why));
  trouble_ = why;
  retry_.After(std::max(backoff_.Next(), retry_after), [this] { version_.empty() ? List() : Watch(false); });
}

void Reflector::Well() {
  backoff_.Reset();
  if (trouble_.empty()) return;
  trouble_.clear();
  if (options_.problem) options_.problem(Cat(options_.path, ": works again"));
}

}  // namespace reprieve::kube
