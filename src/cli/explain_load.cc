#include "cli/explain_load.h"

#include <memory>

#include "base/text.h"
#include "node/journal_file.h"
#include "report/journal_reader.h"
#include "report/manifest_lines.h"

namespace reprieve::cli {
namespace {

// Some ten thousand pods as YAML, forty thousand as JSON.
constexpr admission::ManifestLimits kLimits{document::kMaxJsonBytes, 5'000'000};

std::shared_ptr<const admission::ManifestFile> Nameless(const admission::ManifestFile& file) {
  return std::make_shared<const admission::ManifestFile>(admission::ManifestFile{file.name, {}});
}

// kubectl prints items before kind, so that a list which was cut off between two items looks like an object without
// one.
bool IsCutOff(const document::Value& value) {
  return value["kind"].IsNull() &&
         (value["items"].IsArray() || (value.Find("items") != nullptr && value["items"].IsNull()));
}

std::uint32_t LinesOf(const std::string& text) {
  std::uint32_t lines = 0;
  for (const char c : text) lines += c == '\n' ? 1 : 0;
  return text.empty() || text.back() == '\n' ? lines : lines + 1;
}

}  // namespace

LoadedObjects LoadObjects(const std::vector<std::string>& paths) {
  LoadedObjects out;
  const admission::Manifests manifests = admission::ReadManifests(paths, kLimits);
  if (!manifests.errors.empty()) {
    const admission::ManifestError& error = manifests.errors.front();
    std::string advice = error.advice;
    if (error.message.starts_with("more than ") || error.message.starts_with("larger than ")) {
      advice = "Get fewer objects at once, of one namespace or by label (-l), or get them with -o json.";
    } else if (error.mark.line != 0 && advice.empty()) {
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

Result<report::Objects> LoadJournal(const node::JournalEntry& journal) {
  const Result<std::string> text = node::ReadJournal(journal);
  if (!text.ok()) return text.error();
  Result<report::Objects> objects = report::ReadJournalText(*text);
  if (!objects.ok()) return Error{Cat(journal.path, ": ", objects.error().message)};
  objects->recorded->live = journal.live;
  return objects;
}

Result<LoadedJournal> LoadJournal(const std::string& state, const std::string& run) {
  const std::vector<node::JournalEntry> journals = node::JournalsIn(state);
  if (journals.empty()) {
    return Error{Cat("no run has left a journal in ", state,
                     "; name its state folder with --state, or hand over objects: kubectl get jobset,job,pod,event -o "
                     "yaml | reprieve explain -")};
  }
  const node::JournalEntry* chosen = &journals.back();
  if (!run.empty()) {
    chosen = nullptr;
    std::vector<std::string_view> names;
    for (const node::JournalEntry& journal : journals) {
      if (journal.name == run) chosen = &journal;
      names.push_back(journal.name);
    }
    if (chosen == nullptr) {
      return Error{Cat("no run ", run, " in ", state, "; the newest is ", names.back(), ", of ", names.size())};
    }
  }
  Result<report::Objects> objects = LoadJournal(*chosen);
  if (!objects.ok()) return objects.error();
  LoadedJournal out;
  out.objects = std::move(*objects);
  if (journals.size() > 1 && run.empty()) {
    out.notes.push_back(Cat("This is the newest of ", journals.size(), " runs in ", state, ", ", chosen->name,
                            "; --run NAME takes another (", state, "/journal)."));
  }
  return out;
}

Result<std::vector<std::string>> UseManifest(const std::string& path, report::Objects& objects) {
  const admission::Manifests manifests = admission::ReadManifests(path);
  if (!manifests.errors.empty()) return Error{manifests.errors.front().Text()};
  std::vector<std::string> notes;
  bool used = false;
  for (const admission::ManifestObject& object : manifests.objects) {
    report::ManifestLines lines = report::UseLinesOf(object.value, object.file->name, objects);
    used = used || lines.used;
    for (std::string& note : lines.notes) notes.push_back(std::move(note));
  }
  if (!used) return Error{Cat("--manifest ", path, ": no Job or JobSet in it has the name of one that is explained")};
  return notes;
}

}  // namespace reprieve::cli
