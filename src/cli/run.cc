// reprieve run FILE...: Jobs and JobSets on this machine, to their end.
#include <cstdio>

#include "cli/exit_code.h"
#include "cli/interrupt.h"
#include "cli/leftovers.h"
#include "cli/object_table.h"
#include "cli/reader_watch.h"
#include "cli/refusal.h"
#include "cli/run_loop.h"
#include "cli/run_options.h"
#include "cli/run_plan.h"
#include "cli/run_setup.h"
#include "cli/terminal.h"
#include "cli/verb.h"
#include "cli/verb_options.h"

namespace reprieve::cli {
namespace {

class RunVerb final : public Verb {
 public:
  void Declare(CLI::App& app) override {
    VerbOptions verb(app, "run", "Run Jobs and JobSets to their end: pods are processes of this machine");
    DeclareRunOptions(verb, options_);
  }

  int Run() override {
    RunSetup setup(options_);
    if (const auto refusal = setup.Check()) return Refuse(*refusal);
    if (options_.dry_run) return DryRun(setup);
    const auto wake = [](void* world) noexcept { static_cast<node::LocalWorld*>(world)->Wake(); };
    const Interrupt interrupt(wake, &setup.world());
    const ResizeSignal resize(wake, &setup.world());
    if (const auto refusal = setup.Start()) return Refuse(*refusal);
    const ReaderWatch reader([&setup] { setup.world().Wake(); });
    RunLoop loop(setup, reader);
    loop.Run();
    if (loop.ended_by() != EndedBy::kItself) loop.EndEarly();
    return End(setup, loop.ended_by());
  }

  bool only_prints() const override { return false; }

 private:
  int Refuse(const Refusal& refusal) const { return Tell(refusal, ColorNamed(options_.color), options_.json()); }

  int DryRun(RunSetup& setup) const {
    if (const auto refusal = setup.CheckStart()) return Refuse(*refusal);
    TellPlan(setup.loaded(), setup.network(), options_.json());
    return kCompleted;
  }

  // The summary, and the exit code.
  int End(RunSetup& setup, EndedBy ended_by) const {
    const bool early = ended_by != EndedBy::kItself;
    RunReport& report = setup.report();
    setup.EndJournal(early ? "interrupted" : report.AnyFailed() ? "failed" : "completed");
    report.Summarize(early, setup.world().machine().PendingIncidents());
    if (options_.verbose && !options_.json()) PrintObjects(setup.world());
    if (early) TellLeft(setup.world().CleanUp(), report, ended_by);
    if (const Status written = setup.WriteMetrics(); !written.ok()) report.Say(written.error().message);
    if (const Status written = setup.WriteReportPage(); !written.ok()) report.Say(written.error().message);
    setup.world().store().RemoveWatcher(&report);
    switch (ended_by) {
      case EndedBy::kItself:
        return report.AnyFailed() ? kFailed : kCompleted;
      case EndedBy::kInterrupt:
        return kInterrupted;
      case EndedBy::kReader:
        return kReaderGone;
      case EndedBy::kNoImage:
        return kCannotRun;
    }
    return kCompleted;
  }

  // Where nobody reads on, only what is left is worth a line, on standard error.
  static void TellLeft(const std::vector<std::string>& left, RunReport& report, EndedBy ended_by) {
    if (ended_by != EndedBy::kReader) return report.Say(TellLeftovers(left));
    if (!left.empty()) std::fprintf(stderr, "reprieve: %s\n", TellLeftovers(left).c_str());
  }

  // TTLs may have removed all of them.
  static void PrintObjects(node::LocalWorld& world) {
    const std::string tables = ObjectTables(world.store(), world.clock().Now());
    if (!tables.empty()) std::printf("\n%s", tables.c_str());
  }

  RunOptions options_;
};

}  // namespace

std::unique_ptr<Verb> MakeRun() {
  return std::make_unique<RunVerb>();
}

}  // namespace reprieve::cli
