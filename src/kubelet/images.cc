#include "kubelet/images.h"

#include "base/text.h"

namespace reprieve::kubelet {
namespace {

constexpr std::string_view kOtherImage = "image:";

bool MeansThisMachine(std::string_view image) {
  return image == "this-machine" || image == "reprieve";
}

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
  const std::string name(assignment.substr(0, equals));
  const std::string_view value = assignment.substr(equals + 1);
  if (value.starts_with(kOtherImage)) {
    const std::string_view other = value.substr(kOtherImage.size());
    if (other.empty() || other.find_first_of(" \t\n") != std::string_view::npos) {
      return Error{Cat("--image ", assignment, " names no image after image:; for example --image 'trainer=image:",
                       "registry.example/trainer:dev'")};
    }
    entries_.push_back({name, {}, std::string(other)});
    return Ok();
  }
  auto words = SplitWords(assignment.substr(equals + 1));
  if (!words) return Error{Cat("--image ", assignment.substr(0, equals), ": ", words.error().message)};
  if (words->empty()) return Error{Cat("--image ", assignment, " has no command after the =")};
  entries_.push_back({name, std::move(*words), {}});
  return Ok();
}

void ImageMap::set_engine(bool there, std::string why_none) {
  engine_ = there;
  why_no_engine_ = std::move(why_none);
}

const ImageMap::Entry* ImageMap::FindEntry(std::string_view image) const {
  const std::string_view bare = WithoutTag(image);
  for (const std::string_view name : {image, bare}) {
    for (const Entry& entry : entries_) {
      if (entry.pattern == name) return &entry;
    }
  }
  for (const Entry& entry : entries_) {
    if (GlobMatch(entry.pattern, image) || GlobMatch(entry.pattern, bare)) return &entry;
  }
  return nullptr;
}

const std::vector<std::string>* ImageMap::Find(std::string_view image) const {
  const Entry* entry = FindEntry(image);
  return entry == nullptr || entry->command.empty() ? nullptr : &entry->command;
}

bool ImageMap::WouldRunInImage(const core::Container& container) const {
  const Entry* entry = FindEntry(container.image);
  return entry == nullptr ? !MeansThisMachine(container.image) : !entry->other_image.empty();
}

bool ImageMap::RunsInImage(const core::Container& container) const {
  return engine_ && WouldRunInImage(container);
}

bool ImageMap::RunInImages(const core::PodSpec& pod) const {
  return !pod.containers.empty() && RunsInImage(pod.containers.front());
}

std::optional<std::string> ImageMap::WhyMixed(const core::PodSpec& pod) const {
  const core::Container* in_image = nullptr;
  const core::Container* on_machine = nullptr;
  for (const auto* containers : {&pod.init_containers, &pod.containers}) {
    for (const core::Container& container : *containers) {
      const core::Container*& which = RunsInImage(container) ? in_image : on_machine;
      if (which == nullptr) which = &container;
    }
  }
  if (in_image == nullptr || on_machine == nullptr) return std::nullopt;
  return Cat("container ", in_image->name, " runs in the image ", Quote(ImageOf(*in_image)), ", and container ",
             on_machine->name,
             " of the same pod as a program of this machine, which can't share a pod; map both or "
             "neither: --image '",
             in_image->image, "=COMMAND' or --image '", on_machine->image, "=image:OTHER'");
}

std::string ImageMap::ImageOf(const core::Container& container) const {
  const Entry* entry = FindEntry(container.image);
  return entry == nullptr ? container.image.str() : entry->other_image;
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
  if (RunsInImage(container)) return std::nullopt;
  const std::string name = container.image.empty() ? "NAME" : std::string(WithoutTag(container.image));
  const Entry* entry = FindEntry(container.image);
  if (entry != nullptr && !entry->other_image.empty()) {
    return Cat("container ", container.name, " is to run in the image ", entry->other_image, ", and ",
               why_no_engine_.empty() ? "no container engine is used" : why_no_engine_,
               "; give it a command of this machine: --image '", name, "=COMMAND'");
  }
  if (!container.command.empty() || Find(container.image) != nullptr) return std::nullopt;
  return Cat("container ", container.name, " has no command, and nothing says what its image ", Quote(container.image),
             " runs on this machine; give the container a command, or pass --image '", name, "=COMMAND'");
}

}  // namespace reprieve::kubelet
