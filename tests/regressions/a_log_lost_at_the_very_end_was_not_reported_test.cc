// The notice that a log's lines were lost came after the exit of its container, which waits for the log: a run that
// ended with that exit never showed it. Seen where the writer's thread was slow (ThreadSanitizer, one core).
#include <gtest/gtest.h>

#include "runtime/testing.h"

namespace reprieve {
namespace {

using namespace reprieve::runtime;

TEST(ALogLostAtTheEnd, IsReportedBeforeTheExitOfItsContainer) {
  std::string pattern = "/tmp/log-lost-XXXXXX";
  const std::filesystem::path directory = std::filesystem::canonical(mkdtemp(pattern.data()));
  std::filesystem::create_directory(directory / "elsewhere");
  std::filesystem::create_symlink(directory / "elsewhere", directory / "logs");

  // In the order of the events.
  std::mutex mutex;
  std::condition_variable changed;
  int notices = 0;
  std::vector<std::string> too_early;
  int exits = 0;
  RuntimeEvents events;
  events.notice = [&](const std::string& text) {
    const std::lock_guard lock(mutex);
    if (text.find("lost in all") != std::string::npos) ++notices;
  };
  events.exited = [&](const ContainerExit& exit) {
    const std::lock_guard lock(mutex);
    if (++exits > notices) too_early.push_back(Cat("container ", static_cast<std::uint64_t>(exit.container)));
    changed.notify_all();
  };
  SupervisorOptions options;
  options.state_directory = directory / "state";
  const auto supervisor = std::move(Supervisor::Start(std::move(options), std::move(events))).value();
  constexpr int kContainers = 100;
  const SandboxId pod = supervisor->RunPodSandbox({.name = "pod", .hostname = "pod-0"}).value();
  for (int i = 0; i < kContainers; ++i) {
    ContainerSpec spec = Shell("echo said");
    spec.log_path = directory / "logs" / Cat(i);
    ASSERT_TRUE(supervisor->StartContainer(pod, std::move(spec)).ok());
  }
  {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(60), [&] { return exits == kContainers; })) << exits;
  }
  EXPECT_EQ(Join(supervisor->End(), "\n"), "");
  EXPECT_EQ(notices, kContainers);
  EXPECT_EQ(too_early, std::vector<std::string>{});
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace reprieve
