#include "admission/manifest.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>

#include "admission/yaml_fault.h"
#include "base/text.h"
#include "document/json.h"
#include "document/yaml.h"

namespace reprieve::admission {

using document::Value;

namespace {

namespace fs = std::filesystem;

struct FileClose {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};
using FileHandle = std::unique_ptr<std::FILE, FileClose>;

using File = std::shared_ptr<const ManifestFile>;

void AddError(Manifests& out, const File& file, std::string message, document::Mark mark = {},
              std::string advice = {}) {
  out.errors.push_back({file, mark, std::move(message), std::move(advice)});
}

// Of a file that could not be read, or a folder.
void AddPathError(Manifests& out, const std::string& path, std::string message) {
  out.files.push_back(path);
  AddError(out, std::make_shared<const ManifestFile>(ManifestFile{path, {}}), std::move(message));
}

void Append(Manifests& out, Manifests more) {
  for (auto& object : more.objects) out.objects.push_back(std::move(object));
  for (auto& error : more.errors) out.errors.push_back(std::move(error));
  for (auto& file : more.files) out.files.push_back(std::move(file));
}

// Line and column of a byte.
document::Mark MarkAt(std::string_view text, std::size_t offset) {
  document::Mark mark{1, 1};
  for (std::size_t i = 0; i < offset && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++mark.line;
      mark.column = 1;
    } else {
      ++mark.column;
    }
  }
  return mark;
}

// Where the text stops being UTF-8.
std::optional<std::size_t> FirstBadByte(std::string_view text) {
  if (IsValidUtf8(text)) return std::nullopt;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = 1;
    while (length <= 4 && !IsValidUtf8(text.substr(at, length))) ++length;
    if (length > 4) return at;
    at += std::min(length, text.size() - at);
  }
  return text.size();
}

// The first {{ ... }} of a text template where YAML has none of its own: at the beginning of a line or of a value, and
// not in a comment, in quotes or in a block of text, where other languages' braces may stand.
std::optional<std::size_t> FirstTemplate(std::string_view text) {
  constexpr std::string_view kOpen = "{{";
  std::size_t block = std::string_view::npos;  // the indentation of the line that began a block of text
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    const std::size_t indent = line.find_first_not_of(' ');
    const std::size_t at = begin;
    begin = end + 1;
    if (indent == std::string_view::npos) continue;
    if (block != std::string_view::npos && indent > block) continue;
    block = std::string_view::npos;
    std::string_view rest = line.substr(indent);
    if (rest.starts_with('#')) continue;
    if (rest.starts_with(kOpen)) return at + indent;
    // - KEY: {{ ... }}
    while (rest.starts_with("- ")) rest = Trim(rest.substr(2));
    if (rest.starts_with(kOpen)) return at + line.find(kOpen);
    const std::size_t colon = rest.find(": ");
    const std::string_view value = colon == std::string_view::npos ? std::string_view() : Trim(rest.substr(colon + 2));
    if (value.starts_with(kOpen)) return at + line.find(kOpen);
    // "{{ .Release.Name }}", and NAME-{{ include "x" . }}
    const bool quoted = value.starts_with('"') || value.starts_with('\'');
    for (const std::string_view helm : {"{{ .", "{{ include", "{{-", "{{ $"}) {
      const std::size_t found = value.find(helm);
      if (quoted ? found == 1 : found != std::string_view::npos && !value.starts_with('[')) return at + line.find(helm);
    }
    const std::string_view last = Trim(line);
    const std::size_t mark = last.find_last_of("|>");
    const bool begins_block = mark != std::string_view::npos && last.size() - mark <= 3 &&
                              last.find_first_not_of("|>+-0123456789", mark) == std::string_view::npos &&
                              (mark == 0 || last[mark - 1] == ' ');
    if (begins_block) block = indent;
  }
  return std::nullopt;
}

bool LooksLikeJson(std::string_view name, std::string_view text) {
  if (name.ends_with(".json")) return true;
  const std::string_view head = Trim(text.substr(0, 4096));
  return head.starts_with('{');
}

void AddObjects(Manifests& out, Value value, const File& file) {
  if (value.IsNull()) return;
  if (!value.IsObject()) {
    AddError(out, file, "a manifest must be an object with apiVersion and kind", value.mark());
    return;
  }
  Value* items = value.Find("items");
  if (value["kind"].AsText().ends_with("List") && items != nullptr && (items->IsArray() || items->IsNull())) {
    if (items->IsNull()) return;
    for (Value& item : items->items()) AddObjects(out, std::move(item), file);
    return;
  }
  out.objects.push_back({std::move(value), file});
}

Manifests ReadStream(std::FILE* stream, const std::string& name, const ManifestLimits& limits) {
  Manifests out;
  std::string text;
  char buffer[65536];
  while (const std::size_t count = std::fread(buffer, 1, sizeof buffer, stream)) {
    text.append(buffer, count);
    if (text.size() <= limits.bytes) continue;
    AddPathError(out, name,
                 Cat("larger than ", limits.bytes >> 20, " MiB, which no manifest should be; nothing was read"));
    return out;
  }
  if (std::ferror(stream) != 0) {
    AddPathError(out, name, Cat("can't be read: ", std::strerror(errno)));
    return out;
  }
  return ParseManifests(name, std::move(text), limits);
}

Manifests ReadOne(const std::string& path, const ManifestLimits& limits) {
  Manifests out;
  const FileHandle file(std::fopen(path.c_str(), "rb"));
  if (!file) {
    AddPathError(out, path, Cat("can't be opened: ", std::strerror(errno)));
    return out;
  }
  return ReadStream(file.get(), path, limits);
}

bool HasManifestName(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

// The files of a folder; of one that has none itself, those below it, as `helm template --output-dir` leaves them.
template <class Iterator>
void ListManifests(const std::string& path, std::vector<std::string>& names, std::error_code& fault) {
  for (Iterator it(path, fault), end; !fault && it != end && names.size() <= kMaxManifestFiles; it.increment(fault)) {
    std::error_code ignored;
    if (HasManifestName(it->path()) && !it->is_directory(ignored)) names.push_back(it->path().string());
  }
}

Manifests ReadFolder(const std::string& path, const ManifestLimits& limits) {
  Manifests out;
  std::error_code fault;
  std::vector<std::string> names;
  ListManifests<fs::directory_iterator>(path, names, fault);
  if (names.empty() && !fault) ListManifests<fs::recursive_directory_iterator>(path, names, fault);
  if (names.size() > kMaxManifestFiles) {
    AddPathError(out, path, Cat("holds more than ", kMaxManifestFiles, " manifests; nothing was read"));
    return out;
  }
  if (fault) {
    AddPathError(out, path, Cat("can't be read: ", fault.message()));
    return out;
  }
  if (names.empty()) {
    AddPathError(out, path, "no manifests in this folder or below it: looked for *.yaml, *.yml and *.json");
    return out;
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) Append(out, ReadOne(name, limits));
  return out;
}

}  // namespace

std::string ManifestError::Text() const {
  if (mark.line == 0) return Cat(file->name, ": ", message);
  return Cat(file->name, ":", mark.line, ":", mark.column, ": ", message);
}

Manifests ParseManifests(std::string name, std::string text, const ManifestLimits& limits) {
  Manifests out;
  out.files.push_back(name);
  const auto file = std::make_shared<const ManifestFile>(ManifestFile{std::move(name), std::move(text)});
  if (file->text.size() > limits.bytes) {
    AddError(out, file, Cat("larger than ", limits.bytes >> 20, " MiB, which no manifest should be"));
    return out;
  }
  if (const auto bad = FirstBadByte(file->text)) {
    AddError(out, file, "not valid UTF-8 from here on; save the file as UTF-8", MarkAt(file->text, *bad));
    return out;
  }
  if (LooksLikeJson(file->name, file->text)) {
    document::JsonError error;
    auto value = document::ParseJson(file->text, error);
    if (value) {
      AddObjects(out, std::move(*value), file);
    } else if (file->name.ends_with(".json")) {
      AddError(out, file, std::move(error.message), error.mark);
    }
    if (value || !out.errors.empty()) {
      if (out.objects.empty() && out.errors.empty()) AddError(out, file, "holds no objects");
      return out;
    }
    // A YAML flow map may begin like JSON.
  }
  if (const auto braces = FirstTemplate(file->text)) {
    AddError(out, file, "{{ is part of a template that was not rendered", MarkAt(file->text, *braces),
             "Render the template first (helm template, envsubst, ...) and use its output.");
    return out;
  }
  std::vector<Value> documents;
  const auto error = document::ParseYaml(file->text, documents, limits.yaml_values);
  for (Value& document : documents) AddObjects(out, std::move(document), file);
  if (error) {
    YamlFault fault = ExplainYamlError(file->text, *error);
    AddError(out, file, std::move(fault.message), fault.mark, std::move(fault.advice));
  } else if (out.objects.empty() && out.errors.empty()) {
    AddError(out, file, "holds no objects");
  }
  return out;
}

Manifests ReadManifests(const std::string& path, const ManifestLimits& limits) {
  if (path == "-") return ReadStream(stdin, "<stdin>", limits);
  std::error_code fault;
  if (fs::is_directory(path, fault)) return ReadFolder(path, limits);
  return ReadOne(path, limits);
}

Manifests ReadManifests(const std::vector<std::string>& paths, const ManifestLimits& limits) {
  Manifests out;
  for (const std::string& path : paths) Append(out, ReadManifests(path, limits));
  return out;
}

}  // namespace reprieve::admission
