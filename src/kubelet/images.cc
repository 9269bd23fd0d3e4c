#include "kubelet/images.h"

#include "base/text.h"

namespace reprieve::kubelet {
namespace {

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}

// registry:5000/team/app:v1@sha256:... gives registry:5000/team/app.
std::string_view WithoutTag(std::string_view image) {
  image = image.substr(0, image.find('@'));
  const std::size_t slash = image.rfind('/');
  const std::size_t colon = image.rfind(':');
  const bool is_tag = colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash);
  return is_tag ? image.substr(0, colon) : image;
}

}  // namespace

Result<std::vector<std::string>> SplitWords(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == '\'') {
      if (c == quote) {
        quote = 0;
      } else {
        word.push_back(c);
      }
    } else if (c == '\\') {
      if (i + 1 == text.size()) return Error{Cat("the command ends with a lone backslash: ", text)};
      const char next = text[++i];
      // Inside double quotes a backslash is literal, except before a character that it can escape.
      if (quote == '"' && next != '"' && next != '\\' && next != '$' && next != '`') word.push_back('\\');
      word.push_back(next);
      in_word = true;
    } else if (quote == '"') {
      if (c == quote) {
        quote = 0;
      } else {
        word.push_back(c);
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
      in_word = true;
    } else if (IsBlank(c)) {
      if (in_word) words.push_back(std::move(word));
      word.clear();
      in_word = false;
    } else {
      word.push_back(c);
      in_word = true;
    }
  }
  if (quote != 0) return Error{Cat("a quote ", quote, " is never closed in the command: ", text)};
  if (in_word) words.push_back(std::move(word));
  return words;
}

Status ImageMap::Add(std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return Error{Cat("--image ", assignment, " is not NAME=COMMAND; for example --image 'trainer=python3 train.py'")};
  }
  auto words = SplitWords(assignment.substr(equals + 1));
  if (!words) return Error{Cat("--image ", assignment.substr(0, equals), ": ", words.error().message)};
  if (words->empty()) return Error{Cat("--image ", assignment, " has no command after the =")};
  entries_.emplace_back(assignment.substr(0, equals), std::move(*words));
  return Ok();
}

const std::vector<std::string>* ImageMap::Find(std::string_view image) const {
  const std::string_view bare = WithoutTag(image);
  for (const std::string_view name : {image, bare}) {
    for (const auto& [pattern, command] : entries_) {
      if (pattern == name) return &command;
    }
  }
  for (const auto& [pattern, command] : entries_) {
    if (GlobMatch(pattern, image) || GlobMatch(pattern, bare)) return &command;
  }
  return nullptr;
}

std::vector<std::string> ImageMap::CommandOf(const core::Container& container) const {
  std::vector<std::string> out = container.command;
  if (out.empty()) {
    const std::vector<std::string>* entrypoint = Find(container.image);
    REPRIEVE_CHECK(entrypoint != nullptr, container.name);
    out = *entrypoint;
  }
  out.insert(out.end(), container.args.begin(), container.args.end());
  return out;
}

std::optional<std::string> ImageMap::WhyNotRunnable(const core::Container& container) const {
  if (!container.command.empty() || Find(container.image) != nullptr) return std::nullopt;
  const std::string name = container.image.empty() ? "NAME" : std::string(WithoutTag(container.image));
  return Cat("container ", container.name, " has no command, and nothing says what its image ", Quote(container.image),
             " runs on this machine; give the container a command, or pass --image '", name, "=COMMAND'");
}

}  // namespace reprieve::kubelet
