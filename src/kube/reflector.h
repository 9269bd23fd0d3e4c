// Reflector: what is there of one kind of object, and every change of it, as client-go's reflector gets it.
//
// First everything by one stream (WatchList), or page by page where the server has none; then the changes from that
// version on, by one watch after another. Bookmarks keep the version young. A version that the server has forgotten
// (410) begins again with everything, a watch that falls silent is opened again where it was, and so is one that the
// server ends. Failures wait, longer each time.
//
// Source: Kubernetes' documentation of API concepts ("Efficient detection of changes", "Streaming lists");
// spec/apiserver.md. Thread rules: the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "document/json_cursor.h"
#include "kube/backoff.h"
#include "kube/rest.h"
#include "model/meta.h"
#include "net/loop.h"

namespace reprieve::kube {

// Gets the objects as the server sends them: each is at the cursor, and is read or skipped there. Where it turns out to
// be no JSON nothing happens. What takes an object returns its version; 0: it has none.
class ReflectorSink {
 public:
  virtual ~ReflectorSink() = default;
  // Everything follows: objects that are not among it are gone.
  virtual void ListBegins() = 0;
  virtual void ListEnds(meta::ResourceVersion version) = 0;
  // Added or modified.
  virtual meta::ResourceVersion Changed(document::JsonCursor& object) = 0;
  virtual meta::ResourceVersion Deleted(document::JsonCursor& object) = 0;
  // Nothing older than `version` is missing.
  virtual void Bookmark(meta::ResourceVersion version) = 0;
};

struct ReflectorOptions {
  std::string path;      // /apis/batch/v1/jobs
  std::string selector;  // a label selector; empty: all
  std::int32_t page = 250;
  Nanoseconds watch_time = Seconds(300);  // up to twice that, at random
  // A watch in which nothing comes for so long is dead: servers send a bookmark each minute.
  Nanoseconds longest_silence = Seconds(150);
  Nanoseconds first_wait = Nanoseconds(800'000'000);
  Nanoseconds longest_wait = Seconds(30);
  bool watch_list = true;
  // For people: that it fails, once per cause, and that it is well again.
  std::function<void(const std::string&)> problem;
};

// What has happened since the start.
struct ReflectorCounters {
  std::uint64_t lists = 0;
  std::uint64_t watches = 0;
  std::uint64_t expired = 0;  // 410
  std::uint64_t stalled = 0;
  std::uint64_t failures = 0;
};

class Reflector {
 public:
  // Both must outlive it.
  Reflector(Rest& rest, ReflectorSink& sink, ReflectorOptions options);
  Reflector(const Reflector&) = delete;
  Reflector& operator=(const Reflector&) = delete;
  ~Reflector() { *alive_ = false; }

  // Begins. Once.
  void Start() { List(); }
  // Everything once more, as it is now: what has been reported may be old. Not synced until then. REQUIRES: Start.
  void Relist();
  // Everything has been reported once, since the start or since Relist.
  bool synced() const { return synced_; }
  // The server has no such resource, or we may not read it: the last answer said so. Empty: it works.
  const std::string& trouble() const { return trouble_; }
  const ReflectorCounters& counters() const { return counters_; }

 private:
  // A line of a watch; an object too large for one is refused.
  static constexpr std::size_t kMaxLine = std::size_t{16} << 20;

  void List();
  void ListPages(const std::string& next);
  void PageCame(Outcome outcome);
  void Watch(bool with_initial_events);
  void Take(std::string_view bytes);
  void TakeLine(std::string_view line);
  void TakeObject(std::string_view type, document::JsonCursor& object);
  void TakeBookmark(const document::Value& object);
  void EndWatch();
  void Passed(meta::ResourceVersion version);
  void WatchEnded(Outcome outcome);
  void Failed(const std::string& why, Nanoseconds retry_after);
  void Well();
  void Expired();
  // Nothing of the watch counts any more.
  bool is_bad() const { return gone_ || !error_.empty(); }
  std::string PathWith(const std::string& query) const;

  Rest& rest_;
  ReflectorSink& sink_;
  const ReflectorOptions options_;
  Backoff backoff_;
  ReflectorCounters counters_;
  std::string version_;  // empty: everything must be listed
  bool synced_ = false;
  bool listing_ = false;  // ListBegins has been called, ListEnds has not
  bool initial_ = false;  // the watch is sending everything
  bool watch_list_ = true;
  bool gone_ = false;  // an ERROR event has said that the version is forgotten
  std::string error_;  // of an ERROR event
  std::string trouble_;
  std::string line_;         // the beginning of one
  std::uint64_t round_ = 0;  // of Relist: pages of a former one are not wanted
  std::unique_ptr<Rest::Stream> stream_;
  net::Timer retry_;
  std::shared_ptr<bool> alive_;
};

}  // namespace reprieve::kube
