// reprieve pull FILE...: the images of manifests are brought to this machine before anything runs.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>

#include "base/text.h"
#include "cli/common_options.h"
#include "cli/exit_code.h"
#include "cli/files_option.h"
#include "cli/load.h"
#include "cli/pull_images.h"
#include "cli/refusal.h"
#include "cli/verb.h"
#include "cli/verb_options.h"
#include "cli/version_options.h"
#include "model/feature_gates.h"
#include "runtime/docker/engine_client.h"
#include "runtime/docker/engine_socket.h"
#include "runtime/docker/image_store.h"
#include "world/local_clock.h"

namespace reprieve::cli {
namespace {

namespace docker = runtime::docker;

class PullVerb final : public Verb {
 public:
  void Declare(CLI::App& app) override {
    VerbOptions verb(app, "pull", "Pull the images of manifests, so that a run need not wait for them");
    verb.Footer(
        "Examples:\n"
        "  reprieve pull train.yaml\n"
        "  reprieve pull --engine /run/user/1000/podman/podman.sock jobs/\n\n"
        "By each container's imagePullPolicy, with its pod's imagePullSecrets and the logins\n"
        "of `docker login` and `podman login`.\n\n"
        "Exit code 0: all images are there; 1: some could not be pulled; 2: bad input,\n"
        "nothing was pulled; 3: there is no container engine; 130: interrupted.");
    files_.Declare(verb);
    verb.Add("--engine", engine_, "The socket of Docker or Podman (default: DOCKER_HOST, or where they have it)")
        .Value("SOCKET");
    verb.Add("--image", images_, "Images that `run` gets by the same flag are not pulled")
        .Value("NAME=COMMAND")
        .OneEach();
    verb.Add("--cronjob", cron_jobs_, "The images of this CronJob too").Value("NAME").OneEach();
    AddFeatureGates(verb, gates_);
    versions_.Declare(verb);
    AddExported(verb, exported_);
    AddOutput(verb, output_);
    AddColor(verb, color_);
  }

  int Run() override {
    if (files_.empty()) return Refuse(BadInput({FileIsRequired("pull")}));
    kubelet::ImageMap mapped;
    for (const std::string& image : images_) {
      if (const Status added = mapped.Add(image); !added.ok()) return Refuse(BadInput(added.error()));
    }
    Loaded loaded = LoadManifests();
    PrintWarnings(loaded);
    if (!loaded.errors.empty()) return Refuse({kBadInput, std::move(loaded.errors), {}});
    kubelet::Settings settings;
    for (kubelet::TypedSecret& secret : loaded.secrets) settings.Add(std::move(secret));
    std::vector<kubelet::WantedImage> wanted = ImagesOf(loaded, settings, mapped);
    if (wanted.empty()) {
      if (!json()) std::puts("The manifests name no image that would be pulled.");
      return kCompleted;
    }
    return Pull(std::move(wanted));
  }

  bool only_prints() const override { return false; }

 private:
  bool json() const { return output_ == "json"; }
  int Refuse(const Refusal& refusal) const { return Tell(refusal, ColorNamed(color_), json()); }

  Loaded LoadManifests() const {
    LoadOptions options;
    options.now = std::chrono::system_clock::now();
    options.servers = {versions_.kubernetes(), versions_.jobset(), *model::ParseFeatureGates(gates_)};
    options.exported = exported_;
    options.run = true;
    options.cron_jobs = cron_jobs_;
    UseCountedIdentities(options);
    return Load(files_.All(), options);
  }

  int Pull(std::vector<kubelet::WantedImage> wanted) const {
    const docker::EngineSocketSearch found = docker::FindEngineSocket(docker::SocketOptionsOfEnvironment(engine_));
    if (found.path.empty()) return Refuse(CannotRun({found.why_none}));
    const auto engine = docker::EngineClient::Connect(found.path);
    if (!engine) return Refuse(CannotRun(engine.error()));
    docker::ImageStore images(**engine);
    const world::LocalClock clock;
    RunOutput out(json() ? OutputFormat::kJson : OutputFormat::kText, ColorNamed(color_), clock);
    switch (PullAll(std::move(wanted), images, clock, out)) {
      case PullEnd::kAllThere:
        return kCompleted;
      case PullEnd::kSomeMissing:
        return kFailed;
      case PullEnd::kBrokenOff:
        return kInterrupted;
    }
    return kCompleted;
  }

  FilesOption files_;
  std::string engine_;
  std::vector<std::string> images_;
  std::vector<std::string> cron_jobs_;
  std::string gates_;
  VersionOptions versions_;
  bool exported_ = false;
  std::string output_ = "text";
  std::string color_ = "auto";
};

}  // namespace

std::unique_ptr<Verb> MakePull() {
  return std::make_unique<PullVerb>();
}

}  // namespace reprieve::cli
