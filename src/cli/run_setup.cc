#include "cli/run_setup.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/text.h"
#include "cli/explain_load.h"
#include "cli/explain_report.h"
#include "cli/help.h"
#include "cli/metrics_file.h"
#include "cli/run_checks.h"
#include "cli/write_report.h"
#include "model/quantity.h"

namespace reprieve::cli {
namespace {

template <class Visit>
void ForEachPodSpec(const Loaded& loaded, const Visit& visit) {
  for (const LoadedJob& job : loaded.jobs) visit(*job.job.spec->pod_template.spec);
  for (const LoadedJobSet& jobset : loaded.jobsets) {
    for (const jobset::ReplicatedJob& group : jobset.jobset.spec->replicated_jobs) {
      visit(*group.job_template.spec->pod_template.spec);
    }
  }
  for (const LoadedPod& pod : loaded.pods) visit(*pod.pod.spec);
}

}  // namespace

std::optional<Refusal> RunSetup::Check() {
  if (options_.files.empty()) return BadInput({FileIsRequired("run")});
  if (auto refusal = PrepareWorld()) return refusal;
  LoadManifests();
  CheckManifests();
  PrintWarnings(loaded_);
  if (!loaded_.errors.empty()) return Refusal{kBadInput, std::move(loaded_.errors), {}};
  network_ = ChooseNetwork(options_.network, loaded_);
  world_->set_networks(network_.networks);
  return std::nullopt;
}

std::optional<Refusal> RunSetup::PrepareWorld() {
  auto prepared = node::LocalWorld::Prepare(WorldOptions());
  if (!prepared.ok()) return BadInput(prepared.error());
  world_ = std::move(*prepared);
  for (const std::string& image : options_.images) {
    if (const Status added = world_->images().Add(image); !added.ok()) {
      return BadInput({Cat("--image ", image, ": ", added.error().message)});
    }
  }
  if (const Status found = world_->FindEngine(); !found.ok()) return CannotRun(found.error());
  return std::nullopt;
}

node::LocalWorldOptions RunSetup::WorldOptions() {
  node::LocalWorldOptions out;
  out.state_directory = options_.state;
  out.nodes.count = options_.nodes;
  out.nodes.label_rules = options_.node_labels;
  out.nodes.resource_rules = options_.node_resources;
  out.nodes.taint_rules = options_.node_taints;
  out.engine.jobsets.gates = *model::ParseFeatureGates(options_.gates);
  out.probe.plain_processes = options_.plain;
  out.probe.no_cgroups = options_.plain;
  out.runtime = options_.runtime == "docker"    ? node::RuntimeChoice::kDocker
                : options_.runtime == "sandbox" ? node::RuntimeChoice::kSandbox
                                                : node::RuntimeChoice::kAuto;
  if (out.runtime == node::RuntimeChoice::kAuto && options_.plain) out.runtime = node::RuntimeChoice::kSandbox;
  out.engine_socket = runtime::docker::SocketOptionsOfEnvironment(options_.engine);
  out.engine.reconcile.delays.base = *ParseDuration(options_.backoff);
  out.restart_backoff = *ParseDuration(options_.backoff);
  if (!options_.pull_timeout.empty()) out.pull_timeout = *ParseDuration(options_.pull_timeout);
  out.image_event = [this](const kubelet::ImageEvent& event) {
    if (report_) report_->ImageChanged(event);
  };
  if (options_.json()) {
    out.pod_event = [this](const node::PodEvent& event) {
      if (report_) report_->PodEventRecorded(event);
    };
  }
  out.log = {model::Quantity::Parse(options_.log_max_size)->Value(), options_.log_max_files};
  out.notice = [this](const std::string& text) {
    if (report_) report_->Say(text);
  };
  if (options_.logs) {
    out.output = [this](const node::PodOutput& line) {
      if (report_) report_->Output(line);
    };
  }
  out.incident_applied = [this](const world::Incident& incident, const world::IncidentOutcome& outcome) {
    if (report_) report_->IncidentApplied(incident, outcome);
  };
  return out;
}

void RunSetup::LoadManifests() {
  LoadOptions load;
  load.servers = {options_.versions.kubernetes(), options_.versions.jobset(),
                  *model::ParseFeatureGates(options_.gates)};
  load.exported = options_.exported;
  load.run = true;
  load.cron_jobs = options_.cron_jobs;
  load.now = world_->clock().Now();
  load.new_uid = [this] { return world_->store().NewUid(); };
  load.new_suffix = [this] { return world_->store().NewNameSuffix(); };
  loaded_ = Load(options_.files.All(), load);
  for (core::ConfigMap& config_map : loaded_.config_maps) world_->settings().Add(std::move(config_map));
  for (kubelet::TypedSecret& secret : loaded_.secrets) world_->settings().Add(std::move(secret));
  for (core::Service& service : loaded_.services) world_->Add(std::move(service));
  for (core::Service& service : loaded_.addressed_services) world_->settings().services().Add(std::move(service));
  world_->settings().services().AddApiServer();
  for (core::PersistentVolumeClaim& claim : loaded_.claims) world_->Add(std::move(claim));
}

void RunSetup::CheckManifests() {
  CountImages();
  if (options_.resume) Resume(loaded_);
  incidents_ = ReadInjections(options_.injections, world_->nodes(), loaded_, loaded_.errors);
  CheckRunnable(*world_, options_.files.All().front(), incidents_, loaded_);
}

void RunSetup::CountImages() {
  const kubelet::ImageMap& images = world_->images();
  bool uses = false;
  bool others = false;
  ForEachPodSpec(loaded_, [&](const core::PodSpec& spec) {
    for (const auto* containers : {&spec.init_containers, &spec.containers}) {
      for (const core::Container& container : *containers) {
        (images.RunsInImage(container) ? uses : others) = true;
        would_use_images_ = would_use_images_ || images.WouldRunInImage(container);
      }
    }
  });
  world_->set_uses(uses, others);
}

// What --runtime auto has chosen, where that makes a difference; empty: nothing is to be said.
std::string RunSetup::DescribeImages() {
  if (options_.runtime != "auto" || options_.plain || !would_use_images_) return {};
  if (runtime::docker::EngineClient* engine = world_->engine_client()) {
    return Cat("Images: containers run in their images, by ", engine->identity().Describe(),
               "; --runtime sandbox runs programs of this machine in their place.");
  }
  return Cat("Images: containers run as programs of this machine, for ", world_->WhyNoEngine(), ".");
}

std::optional<Refusal> RunSetup::CheckStart() {
  if (!options_.metrics_file.empty()) {
    if (const Status writable = CheckMetricsFile(options_.metrics_file); !writable.ok()) {
      return BadInput(writable.error());
    }
  }
  if (!options_.report.empty()) {
    if (const Status writable = CheckReport(options_.report); !writable.ok()) return BadInput(writable.error());
  }
  if (const Status possible = world_->CheckStart(); !possible.ok()) return CannotRun(possible.error());
  return CheckNetwork();
}

std::optional<Refusal> RunSetup::Start() {
  // A file that can't be written is better found before the run than after it.
  if (const Status written = WriteMetrics(); !written.ok()) return BadInput(written.error());
  if (!options_.report.empty()) {
    if (const Status writable = CheckReport(options_.report); !writable.ok()) return BadInput(writable.error());
  }
  if (const Status started = world_->Start(); !started.ok()) return CannotRun(started.error());
  if (auto refusal = CheckNetwork()) return refusal;
  WarnOfMissingNames();
  ConnectReport();
  ConnectJournal();
  return std::nullopt;
}

std::optional<Refusal> RunSetup::CheckNetwork() const {
  if (options_.network != "pod" || world_->WhyNoNetworks().empty()) return std::nullopt;
  return CannotRun({Cat("pods can't have networks of their own here: ", world_->WhyNoNetworks(),
                        "; leave out --network pod to run on this machine's")});
}

void RunSetup::WarnOfMissingNames() const {
  const bool names = std::any_of(loaded_.jobsets.begin(), loaded_.jobsets.end(),
                                 [](const LoadedJobSet& each) { return each.jobset.spec->has_hostnames(); });
  if (!names || world_->WhyNoNames().empty()) return;
  std::fprintf(stderr, "Warning: pods find each other by address only: %s (Debian: libnss-wrapper)\n",
               world_->WhyNoNames().c_str());
}

void RunSetup::ConnectReport() {
  report_.emplace(RunReportOptions{options_.json() ? OutputFormat::kJson : OutputFormat::kText,
                                   ColorNamed(options_.color), options_.logs},
                  world_->clock(), world_->machine());
  if (options_.verbose || options_.plain) report_->Say(world_->Describe());
  if (const std::string images = DescribeImages(); !images.empty()) report_->Say(images);
  if (options_.verbose || options_.plain || !network_.reason.empty()) report_->Say(DescribeNetwork());
  if (const std::string gpus = DescribeRehearsedGpus(); !gpus.empty()) report_->Say(gpus);
  world_->store().AddWatcher(&*report_);
  world_->ledger().set_listener([this](const world::Verdict& verdict) {
    report_->Judged(verdict);
    if (journal_) journal_->Judged(verdict);
  });
  world_->store().set_event_listener([this](const world::Event& event) { report_->EventRecorded(event); });
}

// Without a journal the run is the same; only `explain` will know nothing of it.
void RunSetup::ConnectJournal() {
  const auto say = [this](const std::string& text) { report_->Say(text); };
  auto file = node::JournalFile::Make(options_.state, world_->clock().Now());
  if (!file.ok()) return say(Cat("There is no journal of this run: ", file.error().message));
  journal_ = std::make_unique<node::RunJournal>(std::move(*file), world_->clock(), kVersionLine, say);
  world_->store().AddWatcher(journal_.get());
}

void RunSetup::FlushJournal() {
  if (journal_) journal_->Flush();
}

void RunSetup::EndJournal(std::string_view how) {
  if (!journal_) return;
  journal_->End(how);
  world_->store().RemoveWatcher(journal_.get());
}

Status RunSetup::WriteReportPage() const {
  if (options_.report.empty()) return Ok();
  if (!journal_) return Error{Cat("--report ", options_.report, ": not written, for the run has no journal")};
  const auto objects = LoadJournal({{}, journal_->path(), false});
  if (!objects.ok()) return objects.error();
  const Time now = objects->newest.value_or(Time{});
  return WriteReport(options_.report, ExplanationReport(report::Explain(*objects, now, report::NowSource::kObjects)));
}

// What was chosen, and why if anything spoke for it.
std::string RunSetup::DescribeNetwork() const {
  const std::string& reason = network_.reason;
  if (reason.empty()) return Cat("Network: ", world_->DescribeNetwork(), ".");
  if (world_->WhyNoNetworks().empty()) {
    return Cat("Network: ", reason, ": ", world_->DescribeNetwork(), ". --network host leaves them on this machine's.");
  }
  return Cat("Network: ", reason, ", but pods can't have networks of their own here (", world_->WhyNoNetworks(),
             "): each has an address of its own in 127.0.0.0/8, and the first that listens on 0.0.0.0 keeps the port "
             "from all others.");
}

// Empty if nodes have no more GPUs than this machine has.
std::string RunSetup::DescribeRehearsedGpus() const {
  for (const scheduler::Node& node : world_->nodes()) {
    const std::int64_t given = scheduler::AmountOf(node.allocatable, scheduler::kGpu);
    if (given <= static_cast<std::int64_t>(node.gpus.size())) continue;
    return Cat("GPUs: ", node.name, " has ", given, " by --node-resource alone: containers that ask for ",
               scheduler::kGpu, " there get an empty CUDA_VISIBLE_DEVICES, and so no GPU.");
  }
  return {};
}

Status RunSetup::WriteMetrics() const {
  return options_.metrics_file.empty() ? Ok() : WriteMetricsFile(options_.metrics_file, world_->jobset_counters());
}

}  // namespace reprieve::cli
