// JournalFile: where a run appends its journal (world/journal.h), so that what happened is known after a crash too.
//
//   DIR/journal/20261122T120000Z-1a2b3c4d.jsonl      the newest part
//   DIR/journal/20261122T120000Z-1a2b3c4d.jsonl.1    the part before it
//
// Lines gather in memory until Flush, which appends them by one write, so that a line is whole or, after a crash in the
// middle of a write, the torn last one. A part that is full becomes the part before, so that a run keeps at most twice
// kMaxJournalPart; a run that begins removes the oldest journals of runs that are over beyond kMaxJournals. While the
// run lives it holds a lock (F_OFD_SETLK) on the newest part. What a kill leaves is whole; what a power failure leaves
// is what the kernel had written by then: nothing waits for the disk.
//
// Errors: the first write that fails ends the journal, and is told once; the run goes on. Thread rules: one owner.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "document/value.h"
#include "runtime/fd.h"

namespace reprieve::node {

inline constexpr std::size_t kMaxJournalPart = std::size_t{32} << 20;
inline constexpr std::size_t kMaxJournals = 100;

class JournalFile {
 public:
  // A new one in the state folder. `now` and a random text name it.
  static Result<JournalFile> Make(const std::string& state_directory, Time now);

  void Append(const document::Value& record);
  // An error: this and all later lines are lost.
  [[nodiscard]] Status Flush();
  // True once the part is full: Rotate, then append what the next part needs to be read alone.
  bool full() const { return !broken_ && size_ + buffer_.size() >= part_; }
  [[nodiscard]] Status Rotate();

  const std::string& path() const { return path_; }
  // For tests: another size of a part, and where it writes to.
  void set_part(std::size_t bytes) { part_ = bytes; }
  int descriptor_for_test() const { return fd_.get(); }

 private:
  explicit JournalFile(std::string path) : path_(std::move(path)) {}
  // 0, or the error.
  int Open();

  std::string path_;
  runtime::Fd fd_;
  std::string buffer_;
  std::size_t size_ = 0;
  std::size_t part_ = kMaxJournalPart;
  bool broken_ = false;
};

// A run's journal in a state folder.
struct JournalEntry {
  std::string name;  // 20261122T120000Z-1a2b3c4d
  std::string path;  // of the newest part
  bool live = false;
};

// The oldest first; none if there is no such folder.
[[nodiscard]] std::vector<JournalEntry> JournalsIn(const std::string& state_directory);
// Both parts of it, older lines first. An error: it can't be read.
[[nodiscard]] Result<std::string> ReadJournal(const JournalEntry& journal);
// Whether a file of that name belongs to a journal.
[[nodiscard]] bool IsJournalName(std::string_view name);
// Whether the run lives whose journal that file is a part of.
[[nodiscard]] bool IsLiveJournal(const std::string& path);

}  // namespace reprieve::node
