// Pulls of images as people see them: a line each at the bottom of a terminal, and one when it is over.
//
// Pure; safe from any thread.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "document/value.h"
#include "kubelet/image_puller.h"

namespace reprieve::cli {

// Images that are being pulled.
class ImagePulls {
 public:
  void Note(const kubelet::ImageEvent& event, Time now);
  // "Image app:v1  ████░░░░░░  120 MiB of 300 MiB · 12s left"; what does not fit into `max_lines` is counted in the
  // last.
  std::vector<std::string> Lines(Time now, std::size_t columns, std::size_t max_lines) const;
  bool empty() const { return pulls_.empty(); }

 private:
  struct Pull {
    Time began;
    runtime::PullProgress progress;
  };
  static std::string LineOf(const std::string& image, const Pull& pull, Time now, std::size_t columns);

  std::map<std::string, Pull> pulls_;
};

// "Image app:v1 is pulled: 290 MiB in 12s"; empty: nothing is to be said of it.
std::string ImageLine(const kubelet::ImageEvent& event);
// Sets the members of an event of type `image` (docs/OUTPUT.md).
void SetImageMembers(const kubelet::ImageEvent& event, document::Value& out);

}  // namespace reprieve::cli
