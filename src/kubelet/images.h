// What runs instead of an image, as there are no images here: a command of this machine as its entrypoint.
//
// Source: the API's rules on command and args: `command` replaces the entrypoint, `args` follow whichever it is.
// Immutable once filled; then safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/core.h"

namespace reprieve::kubelet {

// Splits words like a shell: blanks, '...', "..." and backslashes; nothing is expanded.
Result<std::vector<std::string>> SplitWords(std::string_view text);

class ImageMap {
 public:
  // NAME=COMMAND. In NAME, * and ? are wildcards as in a shell; a NAME without a tag means every tag.
  Status Add(std::string_view assignment);
  // Null if the image is unknown. An exact name wins, then the first pattern that matches.
  const std::vector<std::string>* Find(std::string_view image) const;

  // The entrypoint and its arguments, before $(VAR) is expanded. REQUIRES: !WhyNotRunnable(container).
  std::vector<std::string> CommandOf(const core::Container& container) const;
  // Why this container can't run, and what to do about it; nullopt if it can.
  std::optional<std::string> WhyNotRunnable(const core::Container& container) const;

 private:
  std::vector<std::pair<std::string, std::vector<std::string>>> entries_;
};

}  // namespace reprieve::kubelet
