// What an image stands for where there are no images: a command of this machine, its entrypoint.
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

// As a shell splits words: blanks, '...', "..." and backslashes; nothing is expanded.
Result<std::vector<std::string>> SplitWords(std::string_view text);

class ImageMap {
 public:
  // NAME=COMMAND. In NAME, * and ? stand for what they stand for in a shell; a NAME without a tag means every tag.
  Status Add(std::string_view assignment);
  // Null pointer if nobody has said what this image is. An exact name wins, then the first pattern that fits.
  const std::vector<std::string>* Find(std::string_view image) const;

  // The entrypoint and its arguments, before $(VAR) is expanded. REQUIRES: !WhyNotRunnable(container).
  std::vector<std::string> CommandOf(const core::Container& container) const;
  // What keeps this container from running, and what to do; nothing if it can run.
  std::optional<std::string> WhyNotRunnable(const core::Container& container) const;

 private:
  std::vector<std::pair<std::string, std::vector<std::string>>> entries_;
};

}  // namespace reprieve::kubelet
