#include "cli/follow_on.h"

#include <algorithm>
#include <string_view>

#include "document/locate.h"

namespace reprieve::cli {
namespace {

std::string_view ParentOf(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  return std::string_view(path).substr(0, dot == std::string::npos ? 0 : dot);
}

// Or else it is the server that has filled it in, perhaps from the field beside it.
bool IsWritten(const document::Value& manifest, const std::string& path) {
  const document::Mark own = document::Locate(manifest, path);
  const document::Mark parent = document::Locate(manifest, ParentOf(path));
  return own.line != parent.line || own.column != parent.column;
}

// Whether the path is this one, or leads on from it.
bool IsAtOrUnder(std::string_view path, std::string_view above) {
  if (!path.starts_with(above)) return false;
  return path.size() == above.size() || path[above.size()] == '.' || path[above.size()] == '[';
}

// The server names some fields otherwise than they are written: spec.resources[storage].
bool AreOnePlace(const document::Value& manifest, std::string_view a, std::string_view b) {
  const document::Mark first = document::Locate(manifest, a);
  const document::Mark second = document::Locate(manifest, b);
  return first.line != 0 && first.line == second.line && first.column == second.column;
}

}  // namespace

bool FollowsFromDropped(const document::Value& manifest, const Diagnostic& complaint,
                        const std::vector<std::string>& dropped) {
  const std::string& subject = complaint.subject;
  const bool required = complaint.message.starts_with("Required value");
  return std::any_of(dropped.begin(), dropped.end(), [&](const std::string& path) {
    return IsAtOrUnder(subject, path) || (required && IsAtOrUnder(path, subject)) ||
           (required && IsWritten(manifest, subject) && AreOnePlace(manifest, subject, path)) ||
           (ParentOf(path) == ParentOf(subject) && !IsWritten(manifest, subject));
  });
}

}  // namespace reprieve::cli
