#include "container_engine.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/check.h"
#include "base/text.h"
#include "runtime/file.h"

namespace reprieve::bench {
namespace {

// Below what an engine without CAP_SYS_RESOURCE may give.
constexpr std::string_view kConfiguration =
    "[engine]\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\nruntime = \"runc\"\n"
    "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\n";

std::unique_ptr<ContainerEngine> None(const std::string& why) {
  std::fprintf(stderr, "skipped: %s\n", why.c_str());
  return nullptr;
}

}  // namespace

std::unique_ptr<ContainerEngine> ContainerEngine::Start(const Scratch& scratch) {
  std::unique_ptr<ContainerEngine> engine(new ContainerEngine);
  if (const char* named = std::getenv("REPRIEVE_BENCH_ENGINE")) {
    engine->socket_ = named;
  } else if (!engine->StartPodman()) {
    return None("`podman system service` does not start here, and REPRIEVE_BENCH_ENGINE names no socket");
  }
  auto client = runtime::docker::EngineClient::Connect(engine->socket_);
  if (!client.ok()) return None(client.error().message);
  engine->client_ = std::move(*client);
  if (!engine->Load(scratch)) return None("the engine takes no image of busybox; is busybox-static installed?");
  return engine;
}

bool ContainerEngine::StartPodman() {
  if (geteuid() != 0 || Shell("command -v podman > /dev/null") != 0) return false;
  std::string pattern = "/var/tmp/rpbXXXXXX";  // short: paths of sockets are limited
  folder_ = mkdtemp(pattern.data());
  std::ofstream(folder_ + "/containers.conf") << kConfiguration;
  setenv("CONTAINERS_CONF", (folder_ + "/containers.conf").c_str(), 1);
  podman_ = Cat("podman --root ", folder_, "/root --runroot ", folder_, "/run --tmpdir ", folder_,
                "/tmp --storage-driver overlay");
  socket_ = folder_ + "/s.sock";
  service_ = Spawn(Cat("exec ", podman_, " system service --time 0 unix://", socket_), folder_ + "/log");
  const double deadline = Now() + 20;
  while (!std::filesystem::exists(socket_)) {
    if (Now() > deadline || kill(service_, 0) != 0) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

// Podman takes no tag but latest here.
bool ContainerEngine::Load(const Scratch& scratch) {
  const std::string root = scratch / "image";
  const std::string archive = scratch / "image.tar";
  const int packed = Shell(Cat("mkdir -p ", root, "/bin && cp $(command -v busybox) ", root,
                               "/bin/busybox && for name in true touch sh sleep; do ln -sf busybox ", root,
                               "/bin/$name; done && tar -C ", root, " -cf ", archive, " ."));
  if (packed != 0) return false;
  const runtime::docker::EngineReply loaded =
      client_->Ask({.method = "POST",
                    .path = "/images/create?fromSrc=-&repo=localhost/reprieve-bench&tag=latest",
                    .body = runtime::ReadFile(archive)});
  return loaded.ok() && client_->Ask({.path = "/images/localhost%2Freprieve-bench%3Alatest/json"}).ok();
}

ContainerEngine::~ContainerEngine() {
  client_.reset();
  if (service_ == 0) return;
  kill(service_, SIGKILL);
  Await(service_);
  Shell(Cat(podman_, " rm --all --force > /dev/null 2>&1; ", podman_, " system reset --force > /dev/null 2>&1"));
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

double ProcessorTimeOf(pid_t process) {
  const std::string stat = runtime::ReadFile(Cat("/proc/", process, "/stat"));
  std::istringstream fields(stat.substr(stat.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

pid_t Spawn(const std::string& command, const std::string& output) {
  const pid_t child = fork();
  REPRIEVE_CHECK(child >= 0, "a process can be made");
  if (child > 0) return child;
  const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  dup2(file, 1);
  dup2(file, 2);
  execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
  _exit(127);
}

int Await(pid_t process) {
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace reprieve::bench
