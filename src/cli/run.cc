// reprieve run FILE...: Jobs and JobSets on this machine, to their end.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/exit_code.h"
#include "cli/interrupt.h"
#include "cli/object_table.h"
#include "cli/refusal.h"
#include "cli/run_loop.h"
#include "cli/run_options.h"
#include "cli/run_setup.h"
#include "cli/terminal.h"
#include "cli/verb.h"

namespace reprieve::cli {
namespace {

class RunVerb final : public Verb {
 public:
  void Declare(CLI::App& app) override {
    DeclareRunOptions(
        *app.add_subcommand("run", "Run Jobs and JobSets to their end: pods are processes of this machine"), options_);
  }

  int Run() override {
    RunSetup setup(options_);
    if (const auto refusal = setup.Check()) return Tell(*refusal, ColorNamed(options_.color));
    if (const auto refusal = setup.Start()) return Tell(*refusal, ColorNamed(options_.color));
    const auto wake = [](void* world) noexcept { static_cast<node::LocalWorld*>(world)->Wake(); };
    const Interrupt interrupt(wake, &setup.world());
    const ResizeSignal resize(wake, &setup.world());
    RunLoop loop(setup);
    loop.Run();
    if (loop.interrupted()) loop.EndEarly();
    return End(setup, loop.interrupted());
  }

 private:
  // The verdict, and the exit code.
  int End(RunSetup& setup, bool interrupted) const {
    RunReport& report = setup.report();
    report.Summarize(interrupted, setup.world().machine().PendingIncidents());
    if (options_.verbose && !options_.json()) PrintObjects(setup.world());
    if (interrupted) report.Say("Nothing is left behind: no process, mount or cgroup.");
    if (const Status written = setup.WriteMetrics(); !written.ok()) report.Say(written.error().message);
    setup.world().store().RemoveWatcher(&report);
    if (interrupted) return kInterrupted;
    return report.AnyFailed() ? kFailed : kCompleted;
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
