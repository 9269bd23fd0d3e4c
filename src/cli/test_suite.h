// The policy tests that the command line names, with their manifests loaded, or everything that is wrong with them.
//
// `reprieve test` reads them here. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "admission/version_check.h"
#include "cli/diagnostic.h"
#include "cli/load.h"
#include "sim/case_run.h"
#include "sim/test_file.h"

namespace reprieve::cli {

// One PolicyTest; a file may hold several.
struct SuiteTest {
  sim::PolicyTest test;
  std::shared_ptr<const Loaded> loaded;  // its manifests; tests that name the same ones share them
  std::vector<scheduler::Node> nodes;
  sim::CaseObjects objects() const;
};

struct Suite {
  std::vector<SuiteTest> tests;
  std::vector<Diagnostic> errors;  // in the order of the files
  std::vector<std::string> files;  // all that were read: tests and manifests
};

// Folders are read as manifests are; there, documents of other kinds are passed over.
[[nodiscard]] Suite LoadSuite(const std::vector<std::string>& paths, const admission::ServerVersions& servers);

// Manifests as a test sees them.
[[nodiscard]] Loaded LoadForTest(const std::vector<std::string>& paths, const admission::ServerVersions& servers);

}  // namespace reprieve::cli
