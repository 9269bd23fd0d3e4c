// Diagnostics: what is wrong with the user's input, shown at the user's own line.
//
//   train.yaml:23:17: spec.podFailurePolicy.rules[1].action
//      23 |       - action: Retry
//         |                 ^^^^^ not one of Count, FailIndex, FailJob, Ignore
//     Did you mean Ignore? It retries without counting the failure.
//
// Pure; the printers return text.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "admission/manifest.h"
#include "cli/style.h"

namespace reprieve::cli {

// How bad it is: the colour of the message.
enum class Tone { kError, kWarning, kNote };

struct Diagnostic {
  std::shared_ptr<const admission::ManifestFile> source;
  document::Mark mark;  // line 0: of the file as a whole
  std::string subject;  // the field, or "Job train"
  std::string message;  // what was expected
  std::string advice;   // a way out; may be empty
  Tone tone = Tone::kError;
};

// By file in the order of `files`, others after them, and then by place.
void SortByPlace(std::vector<Diagnostic>& diagnostics, const std::vector<std::string>& files);
// One after another; of each file the first hundred, and how many more there are.
std::string RenderAll(const std::vector<Diagnostic>& diagnostics, const Style& style);
// "2 errors in train.yaml; nothing was started."
std::string CountLine(const std::vector<Diagnostic>& diagnostics, std::string_view consequence);

}  // namespace reprieve::cli
