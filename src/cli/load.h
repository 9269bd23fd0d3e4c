// Loading: from the paths of the command line to admitted objects, or to everything that is wrong with them at once.
//
// `run` and `validate` both load here, through the API server's admission (admission/admission.h).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "admission/manifest.h"
#include "admission/version_check.h"
#include "cli/diagnostic.h"
#include "kubelet/settings.h"
#include "model/batch.h"
#include "model/core.h"
#include "model/jobset.h"

namespace reprieve::cli {

struct LoadedJob {
  batch::Job job;
  admission::ManifestObject manifest;
};

struct LoadedPod {
  core::Pod pod;
  admission::ManifestObject manifest;
};

struct LoadedJobSet {
  jobset::JobSet jobset;
  admission::ManifestObject manifest;
};

// Objects with errors that leave them readable are here too, so that what else is wrong with them, or with what refers
// to them, can be said in the same round: nothing may run while there are errors.
struct Loaded {
  std::vector<LoadedJob> jobs;
  std::vector<LoadedJobSet> jobsets;
  std::vector<LoadedPod> pods;                    // with LoadOptions::run
  std::vector<core::Service> services;            // headless ones
  std::vector<core::Service> addressed_services;  // with LoadOptions::run: pods have their variables, and nothing else
  std::vector<core::PersistentVolumeClaim> claims;
  std::vector<core::ConfigMap> config_maps;
  std::vector<kubelet::TypedSecret> secrets;
  std::vector<Diagnostic> not_run;           // of objects that validate takes and others can't run
  std::vector<std::string> skipped;          // a line each: kinds that are passed over
  std::vector<Diagnostic> errors;            // in the order of the files
  std::vector<std::string> files;            // in their order, for errors that are added
  std::vector<std::string> warnings;         // file: text, as upstream words them
  std::vector<Diagnostic> version_warnings;  // of fields that the named versions drop, in the order of the files
  std::vector<admission::ManifestObject> cron_jobs;  // with LoadOptions::lint: as they were written
  std::vector<Diagnostic> refused_fields;            // with LoadOptions::lint: that the named versions don't have
};

struct LoadOptions {
  std::string name_space = "default";
  admission::ServerVersions servers;
  bool exported = false;  // leave out what a server has added (exported.h)
  // The manifests need not fit together: names may come more than once, and what is neither a Job nor a JobSet is
  // passed over, but for claims, which JobSets are checked against, and CronJobs, which are handed on as they are. What
  // the named versions refuse goes to `refused_fields`.
  bool lint = false;
  // Pods run as they are, CronJobs' Jobs if they are named, and what can't be run is passed over with a line.
  bool run = false;
  std::vector<std::string> cron_jobs;  // of these a Job is made, once each
  // Manifests that are there already, beside those of the paths.
  std::vector<admission::ManifestFile> texts{};
  Time now;
  // UIDs and the characters after a generateName.
  std::function<meta::Uid()> new_uid;
  std::function<std::string()> new_suffix;
};

Loaded Load(const std::vector<std::string>& paths, const LoadOptions& options);

// Where nothing is created on a cluster any identity will do: counted ones, so that two objects never share theirs.
void UseCountedIdentities(LoadOptions& options);

// Makes errors of loaded.not_run, for whoever runs all that the manifests hold.
void RefuseNotRun(Loaded& loaded);

// Prints the warnings of `loaded` to standard error, each on a line: all of them, or only those in `warnings`. What was
// passed over is among them.
void PrintWarnings(const Loaded& loaded);
void PrintUpstreamWarnings(const Loaded& loaded);

// A line of `warnings` about a field of a manifest, with its place.
std::string WarningAbout(const admission::ManifestObject& manifest, std::string_view field, std::string_view message);

// A diagnostic about a field of a manifest, at its place or at the nearest thing above it.
Diagnostic AboutField(const admission::ManifestObject& manifest, std::string_view field, std::string message);

}  // namespace reprieve::cli
