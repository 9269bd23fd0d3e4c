// What `reprieve lint` found in all files, and how it is told: as text, JSON, GitHub's workflow commands, or SARIF.
//
// Pure; the printers return text.
#pragma once

#include <string>
#include <vector>

#include "cli/diagnostic.h"
#include "cli/style.h"
#include "lint/code.h"

namespace reprieve::cli {

struct LintFinding {
  lint::Code code;
  lint::Severity severity;
  std::string object;  // Job train; empty: a file's
  Diagnostic where;    // message: why it matters; advice: the change to make
};

struct LintResult {
  std::vector<LintFinding> findings;  // in the order of the files
  std::vector<Diagnostic> errors;     // of manifests that are not valid
};

// With the user's lines, and a line that counts them; nothing if nothing was found.
std::string LintText(const LintResult& result, const Style& style);
// One object a line: errors, then findings.
std::string LintJson(const LintResult& result);
// ::warning file=...,line=...::..., which GitHub shows at the line of a pull request.
std::string LintGithub(const LintResult& result);
// SARIF 2.1.0, one run (lint_sarif.cc).
std::string LintSarif(const LintResult& result);

}  // namespace reprieve::cli
