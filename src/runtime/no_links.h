// Opening and making files below folders that others may write to, without following a symbolic link on the way: a link
// that somebody has put there must not lead what root writes elsewhere.
//
// The part of a path that is not ours to guard (up to the state folder) is resolved once (std::filesystem::canonical);
// from then on no link belongs on the path. Thread rules: safe from any thread. Errors: errno, ELOOP for a link.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "runtime/fd.h"

namespace reprieve::runtime {

// As open(2); closed on exec.
[[nodiscard]] Fd OpenWithoutLinks(const std::string& path, int flags, mode_t mode = 0);

// Makes the directory and those above it. 0, also if it was there, or the error.
[[nodiscard]] int MakeDirectories(const std::string& path, mode_t mode = 0755);

// A new file with exactly `mode`, and the directories above it. 0, or the error: EEXIST if there is something.
[[nodiscard]] int WriteNewFile(const std::string& path, std::string_view bytes, mode_t mode);

// The path with all links resolved, those of others than root and this user refused: a link in a folder that everyone
// may write to is anyone's. What is missing at its end stays as it is written. Empty: errno says why.
// REQUIRES: an absolute path.
[[nodiscard]] std::string ResolveTrustedLinks(const std::string& path);

// 0, or the error.
[[nodiscard]] int WriteAll(int fd, std::string_view bytes);

// For people: "Permission denied", or that a link is in the way.
std::string_view FileErrorText(int error);

}  // namespace reprieve::runtime
