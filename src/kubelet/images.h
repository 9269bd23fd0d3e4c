// Which containers run in their images, and what runs instead of the others': a command of this machine as entrypoint.
//
// Without a container engine none runs in its image. With one, all do but those that --image gives a command of this
// machine, and those of the images `this-machine` and `reprieve`, which mean this machine.
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
  // NAME=COMMAND, or NAME=image:OTHER. In NAME, * and ? are wildcards as in a shell; a NAME without a tag means every
  // tag.
  Status Add(std::string_view assignment);
  // There is an engine to run containers in images, or why there is none.
  void set_engine(bool there, std::string why_none = {});
  // Null if the image has no command here. An exact name wins, then the first pattern that matches.
  const std::vector<std::string>* Find(std::string_view image) const;

  bool RunsInImage(const core::Container& container) const;
  // Of a pod all containers do, or none. REQUIRES: !WhyMixed(pod).
  bool RunInImages(const core::PodSpec& pod) const;
  // Why containers of both kinds can't be one pod, and what to do about it; nullopt: they are not.
  std::optional<std::string> WhyMixed(const core::PodSpec& pod) const;
  // Its own, or the other one that replaces it. REQUIRES: RunsInImage(container).
  std::string ImageOf(const core::Container& container) const;
  // It would run in its image, were there an engine.
  bool WouldRunInImage(const core::Container& container) const;

  // The entrypoint and its arguments, before $(VAR) is expanded. REQUIRES: !WhyNotRunnable(container).
  std::vector<std::string> CommandOf(const core::Container& container) const;
  // Why this container can't run, and what to do about it; nullopt if it can.
  std::optional<std::string> WhyNotRunnable(const core::Container& container) const;

 private:
  struct Entry {
    std::string pattern;
    std::vector<std::string> command;
    std::string other_image;  // instead of a command
  };
  const Entry* FindEntry(std::string_view image) const;

  std::vector<Entry> entries_;
  bool engine_ = false;
  std::string why_no_engine_;
};

}  // namespace reprieve::kubelet
