// Manifests as people hand them over: files, folders, standard input; YAML with several documents, JSON, and lists.
//
// Source: what `kubectl apply -f` takes. Every object keeps its file's name and text and knows its lines, so that an
// error can show the place. An object whose kind ends with List and that has items counts as its items. This file reads
// the file system and standard input and nothing else; safe from any thread (standard input: once).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "document/value.h"
#include "document/yaml.h"

namespace reprieve::admission {

inline constexpr std::size_t kMaxManifestBytes = std::size_t{64} << 20;
inline constexpr std::size_t kMaxManifestFiles = 10'000;

// How much may be read. The values of YAML count as document/yaml.h has it; JSON has no such limit.
struct ManifestLimits {
  std::size_t bytes = kMaxManifestBytes;
  std::size_t yaml_values = document::kMaxYamlValues;
};

struct ManifestFile {
  std::string name;  // as it was given; "-" reads <stdin>
  std::string text;
};

struct ManifestObject {
  document::Value value;
  std::shared_ptr<const ManifestFile> file;
};

struct ManifestError {
  std::shared_ptr<const ManifestFile> file;  // without text if it could not be read
  document::Mark mark;                       // line 0: the file as a whole
  std::string message;
  std::string advice;  // a way out; may be empty

  // job.yaml:3:7: message
  std::string Text() const;
};

struct Manifests {
  std::vector<ManifestObject> objects;
  std::vector<ManifestError> errors;
  std::vector<std::string> files;  // all that were looked at, in their order
};

// A file, a folder (its *.yaml, *.yml and *.json in the order of their names, not deeper), or "-" for standard input.
[[nodiscard]] Manifests ReadManifests(const std::string& path, const ManifestLimits& limits = {});
// All of them, one after another.
[[nodiscard]] Manifests ReadManifests(const std::vector<std::string>& paths, const ManifestLimits& limits = {});
// A text that is there already.
[[nodiscard]] Manifests ParseManifests(std::string name, std::string text, const ManifestLimits& limits = {});

}  // namespace reprieve::admission
