#include "cli/explain_load.h"

#include <memory>

#include "base/text.h"

namespace reprieve::cli {
namespace {

std::shared_ptr<const admission::ManifestFile> Nameless(const admission::ManifestFile& file) {
  return std::make_shared<const admission::ManifestFile>(admission::ManifestFile{file.name, {}});
}

// kubectl prints items before kind, so that a list which was cut off between two items looks like an object without
// one.
bool IsCutOff(const document::Value& value) {
  return value["kind"].IsNull() && value["items"].IsArray();
}

std::uint32_t LinesOf(const std::string& text) {
  std::uint32_t lines = 0;
  for (const char c : text) lines += c == '\n' ? 1 : 0;
  return text.empty() || text.back() == '\n' ? lines : lines + 1;
}

}  // namespace

LoadedObjects LoadObjects(const std::vector<std::string>& paths) {
  LoadedObjects out;
  const admission::Manifests manifests = admission::ReadManifests(paths);
  if (!manifests.errors.empty()) {
    const admission::ManifestError& error = manifests.errors.front();
    std::string advice = error.advice;
    if (error.mark.line != 0 && advice.empty()) {
      advice = "If the file is cut off, get the objects again: kubectl get jobset,job,pod,event -o yaml.";
    }
    out.error = Diagnostic{Nameless(*error.file), error.mark, "", error.message, std::move(advice)};
    return out;
  }
  report::ObjectsReader reader;
  for (const admission::ManifestObject& object : manifests.objects) {
    if (IsCutOff(object.value)) {
      out.error = Diagnostic{Nameless(*object.file),
                             {LinesOf(object.file->text), 1},
                             "",
                             "the list ends without its kind: the file is cut off here",
                             "Get the objects again: kubectl get jobset,job,pod,event -o yaml."};
      return out;
    }
    if (auto unreadable = reader.Add(object.value, object.file->name)) {
      out.error = Diagnostic{Nameless(*object.file), unreadable->mark, "", std::move(unreadable->message), ""};
      return out;
    }
  }
  out.objects = reader.Take();
  return out;
}

}  // namespace reprieve::cli
