#include "cli/image_lines.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"
#include "cli/human_size.h"
#include "cli/screen_text.h"
#include "world/verdict.h"

namespace reprieve::cli {
namespace {

using document::Value;
using Kind = kubelet::ImageEvent::Kind;

constexpr std::int64_t kBarColumns = 10;
// Before that the rate says little.
constexpr Nanoseconds kRateNeeds = Seconds(1);

std::string Bar(const runtime::PullProgress& progress) {
  std::string out;
  const std::int64_t full = progress.done_bytes / std::max<std::int64_t>(progress.total_bytes / kBarColumns, 1);
  for (std::int64_t i = 0; i < kBarColumns; ++i) out += i < full ? "█" : "░";
  return out;
}

// Whole seconds: nobody reads tenths that change ten times a second.
std::string InSeconds(Nanoseconds duration) {
  const auto seconds = std::chrono::round<Seconds>(duration);
  return seconds < Seconds(1) ? "0s" : HumanDuration(seconds);
}

// By the rate since the beginning.
std::string TimeLeft(const runtime::PullProgress& progress, Nanoseconds since) {
  if (since < kRateNeeds || progress.done_bytes <= 0) return {};
  const double seconds = std::chrono::duration<double>(since).count();
  const double rate = static_cast<double>(progress.done_bytes) / seconds;
  const double left = static_cast<double>(progress.total_bytes - progress.done_bytes) / rate;
  constexpr double kLongest = 86'400.0 * 99;
  return Cat(InSeconds(Seconds(static_cast<std::int64_t>(std::clamp(left, 1.0, kLongest)))), " left");
}

}  // namespace

void ImagePulls::Note(const kubelet::ImageEvent& event, Time now) {
  switch (event.kind) {
    case Kind::kPulling:
      pulls_[event.image] = {now, {}};
      return;
    case Kind::kComes:
      if (const auto at = pulls_.find(event.image); at != pulls_.end()) at->second.progress = event.progress;
      return;
    case Kind::kPulled:
    case Kind::kFailed:
    case Kind::kGivenUp:
      pulls_.erase(event.image);
      return;
  }
}

std::vector<std::string> ImagePulls::Lines(Time now, std::size_t columns, std::size_t max_lines) const {
  std::vector<std::string> out;
  if (max_lines == 0) return out;
  for (const auto& [image, pull] : pulls_) {
    if (out.size() + 1 == max_lines && pulls_.size() > max_lines) {
      out.push_back(Cat("… ", pulls_.size() - out.size(), " more images are being pulled"));
      break;
    }
    out.push_back(LineOf(image, pull, now, columns));
  }
  return out;
}

std::string ImagePulls::LineOf(const std::string& image, const Pull& pull, Time now, std::size_t columns) {
  const runtime::PullProgress& progress = pull.progress;
  const Nanoseconds since = std::max(now - pull.began, Nanoseconds(0));
  std::string facts;
  if (progress.total_bytes <= 0) {
    facts = Cat("pulling · ", InSeconds(since));
  } else if (progress.done_bytes >= progress.total_bytes) {
    // All that the engine has told of is there: it unpacks, or it has not told of the rest.
    facts = Cat(HumanSize(progress.done_bytes), " · unpacking · ", InSeconds(since));
  } else {
    facts = Cat(HumanSize(progress.done_bytes), " of ", HumanSize(progress.total_bytes));
    if (const std::string left = TimeLeft(progress, since); !left.empty()) AppendTo(facts, " · ", left);
  }
  std::string name = Escaped(image);
  const std::string head = "Image ";
  const std::string bar = progress.total_bytes > 0 ? Cat("  ", Bar(progress)) : std::string();
  const auto fits = [&](const std::string& middle) {
    return ColumnsOf(Cat(head, name, middle, "  ", facts)) < columns;
  };
  if (fits(bar)) return Cat(head, name, bar, "  ", facts);
  if (!fits("")) {
    // The end of a name tells images apart: registries are often the same.
    const std::size_t rest = ColumnsOf(Cat(head, "…", "  ", facts)) + 1;
    const std::size_t left = columns > rest ? columns - rest : 0;
    if (left < name.size()) name = Cat("…", std::string_view(name).substr(name.size() - left));
  }
  return Cat(head, name, "  ", facts);
}

std::string ImageLine(const kubelet::ImageEvent& event) {
  switch (event.kind) {
    case Kind::kPulling:
    case Kind::kComes:
      return {};
    case Kind::kPulled:
      return Cat("Image ", event.image, " is pulled: ", HumanSize(event.size_bytes), " in ", HumanDuration(event.took));
    case Kind::kFailed:
      return Cat("Image ", event.image, " can't be pulled: ", event.message);
    case Kind::kGivenUp:
      return Cat("Image ", event.image, " is not pulled any further: no pod wants it any more");
  }
  return {};
}

void SetImageMembers(const kubelet::ImageEvent& event, Value& out) {
  out.Set("image", Value::String(event.image));
  const auto state = [&out](std::string_view text) { out.Set("state", Value::String(std::string(text))); };
  switch (event.kind) {
    case Kind::kPulling:
      return state("pulling");
    case Kind::kComes:
      state("coming");
      out.Set("doneBytes", Value::Int(event.progress.done_bytes));
      out.Set("totalBytes", Value::Int(event.progress.total_bytes));
      return;
    case Kind::kPulled:
      state("pulled");
      out.Set("sizeBytes", Value::Int(event.size_bytes));
      out.Set("seconds", world::InSeconds(event.took));
      return;
    case Kind::kFailed:
      state("failed");
      out.Set("message", Value::String(event.message));
      out.Set("seconds", world::InSeconds(event.took));
      return;
    case Kind::kGivenUp:
      state("givenUp");
      out.Set("seconds", world::InSeconds(event.took));
      return;
  }
}

}  // namespace reprieve::cli
