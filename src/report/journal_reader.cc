#include "report/journal_reader.h"

#include "base/text.h"
#include "document/json.h"

namespace reprieve::report {

Result<Objects> ReadJournalText(std::string_view text) {
  ObjectsReader reader;
  std::int64_t unreadable = 0;
  bool torn = false;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const bool last = end == std::string_view::npos;
    text = last ? std::string_view() : text.substr(end + 1);
    document::JsonError ignored;
    const auto record = document::ParseJson(line, ignored);
    if (!record && last) {
      torn = true;
    } else if (!record || !record->IsObject()) {
      ++unreadable;
    } else if (const auto fault = reader.AddRecord(*record)) {
      if ((*record)["type"].AsText() == "run") return Error{fault->message};
      ++unreadable;
    }
  }
  Objects out = reader.Take();
  if (!out.recorded) out.recorded.emplace();
  out.recorded->unreadable = unreadable;
  out.recorded->torn = torn;
  return out;
}

}  // namespace reprieve::report
