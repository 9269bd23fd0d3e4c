// The flags of `reprieve run`, as values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/files_option.h"
#include "cli/version_options.h"

namespace reprieve::cli {

class VerbOptions;

struct RunOptions {
  FilesOption files;
  bool dry_run = false;
  std::int32_t nodes = 1;
  std::vector<std::string> node_labels;
  std::vector<std::string> node_resources;
  std::vector<std::string> node_taints;
  std::string gates;
  VersionOptions versions;
  std::vector<std::string> injections;
  std::vector<std::string> images;
  bool logs = false;
  bool exported = false;
  bool resume = false;
  std::vector<std::string> cron_jobs;
  std::string output = "text";
  std::string network = "auto";
  std::string runtime = "auto";
  std::string engine;  // the socket of a container engine; empty: looked for
  std::string state = "reprieve-state";
  std::string log_max_size = "10Mi";
  std::int32_t log_max_files = 5;
  std::string metrics_file;
  std::string report;  // where a page of HTML goes; empty: nowhere
  std::string backoff = "10s";
  std::string pull_timeout;  // empty: none
  std::string color = "auto";
  bool verbose = false;
  bool plain = false;

  bool json() const { return output == "json"; }
};

// Declares the flags, their checks and the help on `verb`; `options` gets their values when the command line is parsed.
void DeclareRunOptions(VerbOptions& verb, RunOptions& options);

}  // namespace reprieve::cli
