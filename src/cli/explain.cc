// reprieve explain [FILE...]: what happened to Jobs and JobSets, why, and what comes next.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "base/text.h"
#include "cli/cluster_options.h"
#include "cli/common_options.h"
#include "cli/error_json.h"
#include "cli/exit_code.h"
#include "cli/explain_load.h"
#include "cli/explain_report.h"
#include "cli/explain_text.h"
#include "cli/terminal.h"
#include "cli/verb.h"
#include "cli/verb_options.h"
#include "cli/write_report.h"
#include "document/json.h"
#include "kube/live_reader.h"
#include "report/explanation_json.h"

namespace reprieve::cli {
namespace {

std::string CheckTime(const std::string& text) {
  return ParseRfc3339(text) ? std::string() : std::string("expected a time such as 2026-11-22T12:03:22Z");
}

class ExplainVerb final : public Verb {
 public:
  void Declare(CLI::App& app) override {
    VerbOptions verb(app, "explain", "Say what happened to Jobs, by which rule, and what comes next");
    verb.Footer(
        "Examples:\n"
        "  reprieve explain jobset/train -n team-a\n"
        "  kubectl get jobset,job,pod,event -o yaml | reprieve explain -\n"
        "  reprieve explain dump.yaml --manifest train.yaml\n"
        "  reprieve explain jobset/train --if 'pod workers-0-1 exits 137'\n"
        "  reprieve explain\n\n"
        "Without FILE it explains the newest run of the state folder, also one that goes\n"
        "on or was killed.\n\n"
        "job/NAME and jobset/NAME are read from the cluster, with their pods and events.\n\n"
        "Exit code 0: explained; 2: bad input, or there is no such object; 3: the cluster\n"
        "can't be reached or refuses, or --report can't be written.");
    verb.Add("FILE", files_, "Objects of a cluster: job/NAME or jobset/NAME, or files, folders, - for standard input");
    DeclareClusterOptions(verb, cluster_);
    state_option_ = verb.Add("--state", state_, "The state folder of `run` (default ./reprieve-state)").Value("DIR");
    verb.Add("--run", run_, "Which of its runs, by its journal's name (default: the newest)").Value("NAME");
    verb.Add("--manifest", manifest_, "Say where rules stand in this file of yours").Value("FILE");
    verb.Add("--at", at_, "The time that counts as now (default: the newest in the objects)")
        .Value("TIME")
        .Check(CheckTime);
    if_option_ =
        verb.Add("--if", if_, "And what would follow if this happened now: an event of `run --inject`").Value("EVENT");
    verb.Add("--report", report_, "Write a page of HTML, too").Value("FILE");
    verb.AddFlag("--all", all_, "Show every failure, however many are alike");
    verb.Add("-o,--output", output_, "json: one object (default text)").OneOf({"text", "json"});
    AddColor(verb, color_);
  }

  int Run() override {
    if (files_.empty()) return ExplainJournal();
    std::vector<kube::LiveSubject> subjects;
    for (const std::string& file : files_) {
      // A file of that name comes first.
      std::error_code ignored;
      if (std::filesystem::exists(file, ignored)) break;
      auto subject = kube::ParseLiveSubject(file);
      if (!subject) break;
      subjects.push_back(std::move(*subject));
    }
    if (subjects.empty()) return ExplainObjects();
    if (subjects.size() < files_.size()) return Refuse("name files or objects of the cluster, not both");
    return ExplainLive(subjects);
  }

 private:
  int ExplainLive(const std::vector<kube::LiveSubject>& subjects) {
    if (state_option_.given() || !run_.empty()) return Refuse("--state and --run are for a run; leave out FILE");
    auto reader = kube::LiveReader::Make(cluster_.access, kube::TheseSurroundings());
    if (!reader) return Refuse(reader.error().message);
    const std::string name_space = cluster_.namespace_.empty() ? (*reader)->usual_namespace() : cluster_.namespace_;
    std::vector<document::Value> values;
    std::vector<std::string> notes;
    for (const kube::LiveSubject& subject : subjects) {
      if (const auto error = (*reader)->ReadSubject(subject, name_space, values, notes)) {
        return Refuse(error->message, error->absent ? kBadInput : kCannotRun);
      }
    }
    report::ObjectsReader objects;
    for (const document::Value& value : values) {
      if (auto unreadable = objects.Add(value, "")) return Refuse(unreadable->message);
    }
    live_ = true;
    report::Objects read = objects.Take();
    return Tell(read, std::move(notes));
  }

  int ExplainObjects() {
    if (state_option_.given() || !run_.empty()) return Refuse("--state and --run are for a run; leave out FILE");
    LoadedObjects loaded = LoadObjects(files_);
    if (loaded.error) return Refuse(*loaded.error);
    if (loaded.objects.empty()) return Refuse(NothingToExplain(loaded.objects));
    return Tell(loaded.objects, {});
  }

  int ExplainJournal() {
    Result<LoadedJournal> loaded = LoadJournal(state_, run_);
    if (!loaded.ok()) return Refuse(loaded.error().message);
    return Tell(loaded->objects, std::move(loaded->notes));
  }

  int Tell(report::Objects& objects, std::vector<std::string> notes) {
    if (!manifest_.empty()) {
      const auto used = UseManifest(manifest_, objects);
      if (!used.ok()) return Refuse(used.error().message);
      notes.insert(notes.end(), used->begin(), used->end());
    }
    Time now = objects.newest.value_or(Time{});
    report::NowSource source = report::NowSource::kObjects;
    if (!at_.empty()) {
      now = *ParseRfc3339(at_);
      source = report::NowSource::kFlag;
    } else if (live_ || (objects.recorded && objects.recorded->live)) {
      now = std::chrono::system_clock::now();
      source = report::NowSource::kClock;
    }
    report::Explanation explanation = report::Explain(objects, now, source);
    if (if_option_.given()) {
      auto played = Play(objects, now);
      if (!played.ok()) return Refuse(played.error().message);
      explanation.what_if = std::move(*played);
    }
    explanation.notes.insert(explanation.notes.begin(), notes.begin(), notes.end());
    Print(explanation);
    if (report_.empty()) return kCompleted;
    const Status written = WriteReport(report_, ExplanationReport(explanation));
    if (written.ok()) return kCompleted;
    std::fprintf(stderr, "reprieve: %s\n", written.error().message.c_str());
    return kCannotRun;
  }

  Result<report::WhatIf> Play(const report::Objects& objects, Time now) const {
    if (objects.recorded) {
      return Error{"--if needs the objects of a cluster: a journal has no pods that run; rehearse a run with --inject"};
    }
    const std::string text = Cat(if_, " at 0s");
    auto parsed = world::ParseIncident(text);
    if (const auto* error = std::get_if<world::IncidentError>(&parsed)) {
      return Error{Cat("--if ", Quote(if_), ": ", error->message,
                       error->at < if_.size() ? Cat(", at ", Quote(text.substr(error->at, error->length))) : "",
                       "; the events are those of run --inject, without their time (see reprieve run --help)")};
    }
    world::Incident incident = std::get<world::Incident>(std::move(parsed));
    incident.text = if_;
    report::WhatIf out = report::PlayIf(objects, now, incident);
    if (!out.happened) return Error{Cat("--if ", Quote(if_), ": ", out.outcome)};
    return out;
  }

  void Print(const report::Explanation& explanation) const {
    if (output_ == "json") {
      std::printf("%s\n", document::WriteJson(report::ToValue(explanation)).c_str());
      return;
    }
    ExplainTextOptions options;
    options.all = all_;
    if (IsTerminal(STDOUT_FILENO)) options.columns = SizeOfTerminal(STDOUT_FILENO).columns;
    std::fputs(ToText(explanation, Style(ColorNamed(color_), STDOUT_FILENO), options).c_str(), stdout);
  }

  static std::string NothingToExplain(const report::Objects& objects) {
    std::vector<std::string> kinds;
    for (const auto& [kind, count] : objects.others) kinds.push_back(Cat(count, " ", kind));
    return Cat("no JobSet, Job or Pod among the objects", kinds.empty() ? "" : Cat(" (", Join(kinds, ", "), ")"),
               "; get them with kubectl get jobset,job,pod,event -o yaml");
  }

  int Refuse(const std::string& message, int code = kBadInput) const {
    if (output_ == "json") {
      std::puts(document::WriteJson(ErrorObject(message)).c_str());
    } else {
      std::fprintf(stderr, "reprieve: %s\n", message.c_str());
    }
    return code;
  }

  int Refuse(const Diagnostic& error) const {
    if (output_ == "json") {
      std::puts(document::WriteJson(ErrorObject(error)).c_str());
      return kBadInput;
    }
    std::string text = error.source->name;
    if (error.mark.line != 0) AppendTo(text, ":", error.mark.line, ":", error.mark.column);
    AppendTo(text, ": ", error.message, "\n");
    if (!error.advice.empty()) AppendTo(text, "  ", error.advice, "\n");
    std::fputs(text.c_str(), stderr);
    return kBadInput;
  }

  std::vector<std::string> files_;
  ClusterOptions cluster_;
  bool live_ = false;  // the objects are of the cluster, as they are now
  VerbOption state_option_;
  VerbOption if_option_;
  std::string state_ = "reprieve-state";
  std::string run_;
  std::string manifest_;
  std::string if_;
  std::string at_;
  std::string report_;
  bool all_ = false;
  std::string output_ = "text";
  std::string color_ = "auto";
};

}  // namespace

std::unique_ptr<Verb> MakeExplain() {
  return std::make_unique<ExplainVerb>();
}

}  // namespace reprieve::cli
