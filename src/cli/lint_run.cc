#include "cli/lint_run.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "base/text.h"
#include "lint/lint.h"
#include "lint/suppression.h"
#include "model/jobset_extensions.h"

namespace reprieve::cli {
namespace {

using admission::ManifestFile;
using admission::ManifestObject;
using lint::Code;

class Run {
 public:
  Run(const LoadOptions& options, const lint::Settings& settings) : options_(options), settings_(settings) {}

  LintResult Do(const std::vector<std::string>& paths) {
    Loaded loaded = Load(paths, options_);
    for (const LoadedJob& job : loaded.jobs) {
      Take(job.manifest, Cat("Job ", NameOf(job.manifest)), lint::LintJob(job.job, job.manifest.value));
    }
    for (const LoadedJobSet& jobset : loaded.jobsets) {
      Take(jobset.manifest, Cat("JobSet ", NameOf(jobset.manifest)),
           lint::LintJobSet(jobset.jobset, jobset.manifest.value, options_.servers.kubernetes));
    }
    for (const ManifestObject& cron_job : loaded.cron_jobs) {
      Take(cron_job, Cat("CronJob ", NameOf(cron_job)), lint::LintCronJob(cron_job.value, options_.servers.kubernetes));
    }
    for (Diagnostic& refused : loaded.refused_fields) TakeVersion(loaded, std::move(refused), true);
    for (Diagnostic& dropped : loaded.version_warnings) TakeVersion(loaded, std::move(dropped), false);
    for (const Diagnostic& error : loaded.errors) with_errors_.insert(error.source.get());
    TakeBadComments();
    Sort(loaded.files);
    return {std::move(findings_), std::move(loaded.errors)};
  }

 private:
  static std::string NameOf(const ManifestObject& manifest) {
    const document::Value& meta = manifest.value["metadata"];
    const std::string& name = meta["name"].AsText();
    return name.empty() ? Cat(meta["generateName"].AsText(), "*") : name;
  }

  void Take(const ManifestObject& manifest, const std::string& object, std::vector<lint::Finding> findings) {
    const lint::AnnotationSuppressions annotations(manifest.value);
    for (lint::Finding& finding : findings) {
      if (annotations.Covers(finding.code, finding.field)) continue;
      Diagnostic where = AboutField(manifest, finding.field, std::move(finding.why));
      where.advice = std::move(finding.change);
      Add({finding.code, finding.severity, object, std::move(where)});
    }
    for (const lint::BadSuppression& bad : annotations.bad()) {
      Add({Code::kBadSuppression,
           bad.severity,
           object,
           {manifest.file, bad.mark, Cat("metadata.annotations[", jobset::kLintIgnore, "]"), bad.why, bad.change}});
    }
    Comments(manifest.file);
  }

  // The object that a place is in: the last one of its file that begins before it. Null pointer: none of those that are
  // linted.
  static const ManifestObject* ObjectAt(const Loaded& loaded, const Diagnostic& where) {
    const ManifestObject* found = nullptr;
    const auto look = [&](const ManifestObject& object) {
      if (object.file != where.source || object.value.mark().line > where.mark.line) return;
      if (found == nullptr || found->value.mark().line < object.value.mark().line) found = &object;
    };
    for (const LoadedJob& job : loaded.jobs) look(job.manifest);
    for (const LoadedJobSet& jobset : loaded.jobsets) look(jobset.manifest);
    for (const ManifestObject& cron_job : loaded.cron_jobs) look(cron_job);
    return found;
  }

  void TakeVersion(const Loaded& loaded, Diagnostic where, bool refused) {
    const ManifestObject* object = ObjectAt(loaded, where);
    std::string name;
    if (object != nullptr) {
      if (lint::AnnotationSuppressions(object->value).Covers(Code::kNotInThisVersion, where.subject)) return;
      name = Cat(object->value["kind"].AsText(), " ", NameOf(*object));
    }
    where.message += '.';
    where.advice =
        refused
            ? "Remove the field, or lint for the version that the cluster has (--kubernetes-version, --jobset-version)."
            : "Remove the field, or upgrade: until then it does nothing.";
    Add({Code::kNotInThisVersion, refused ? lint::Severity::kError : lint::Severity::kWarning, std::move(name),
         std::move(where)});
  }

  // What comments suppress is known once all findings of the file are.
  void TakeBadComments() {
    for (auto& [file, comments] : comments_) {
      const bool complete = !with_errors_.contains(file.get()) && settings_.disabled.empty();
      for (const lint::BadSuppression& bad : comments.Bad(complete)) {
        Add({Code::kBadSuppression, bad.severity, "", {file, bad.mark, "", bad.why, bad.change}});
      }
    }
  }

  void Add(LintFinding finding) {
    if (settings_.disabled.contains(finding.code)) return;
    if (finding.code != Code::kBadSuppression &&
        Comments(finding.where.source).Covers(finding.code, finding.where.mark.line)) {
      return;
    }
    const auto severity = settings_.severities.find(finding.code);
    if (severity != settings_.severities.end()) finding.severity = severity->second;
    findings_.push_back(std::move(finding));
  }

  // Many objects of one file, one after another.
  lint::CommentSuppressions& Comments(const std::shared_ptr<const ManifestFile>& file) {
    return comments_.try_emplace(file, file->text).first->second;
  }

  void Sort(const std::vector<std::string>& files) {
    std::unordered_map<std::string_view, std::size_t> ranks;
    for (const std::string& file : files) ranks.try_emplace(file, ranks.size());
    const auto place = [&](const LintFinding& finding) {
      const Diagnostic& where = finding.where;
      return std::tuple(ranks[where.source->name], where.mark.line, where.mark.column, finding.code);
    };
    std::stable_sort(findings_.begin(), findings_.end(),
                     [&](const LintFinding& a, const LintFinding& b) { return place(a) < place(b); });
  }

  const LoadOptions& options_;
  const lint::Settings& settings_;
  std::vector<LintFinding> findings_;
  std::map<std::shared_ptr<const ManifestFile>, lint::CommentSuppressions> comments_;
  std::set<const ManifestFile*> with_errors_;
};

}  // namespace

LintResult LintFiles(const std::vector<std::string>& paths, const LoadOptions& options,
                     const lint::Settings& settings) {
  return Run(options, settings).Do(paths);
}

}  // namespace reprieve::cli
