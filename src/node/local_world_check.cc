// What LocalWorld::Start would fail for, found without touching anything (`run --dry-run`).
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/text.h"
#include "node/local_world.h"

namespace reprieve::node {
namespace {

// Whether folders could be made there, judged by the nearest one that is there.
std::error_code WhyNotWritable(std::filesystem::path directory) {
  std::error_code failed;
  while (!std::filesystem::exists(directory, failed) && !failed && directory.has_relative_path()) {
    directory = directory.parent_path();
  }
  if (failed) return failed;
  if (!std::filesystem::is_directory(directory, failed)) return std::make_error_code(std::errc::not_a_directory);
  if (access(directory.c_str(), W_OK | X_OK) != 0) return {errno, std::generic_category()};
  return {};
}

}  // namespace

Status LocalWorld::CheckStart() {
  std::error_code failed;
  const std::string state = std::filesystem::absolute(options_.state_directory, failed);
  if (!failed) failed = WhyNotWritable(state + "/volumes");
  if (failed) {
    return Error{
        Cat("state directory ", state, " cannot be used: ", failed.message(), "; choose another by --state DIR")};
  }
  const auto& can = probe_.Found();
  if (!can) return can.error();
  if (networks_ != Networks::kMachine) why_no_networks_ = WhyNoNetworksWith(*can);
  return Ok();
}

std::string LocalWorld::WhyNoNetworksWith(const runtime::Capabilities& can) const {
  const bool images = engine_client_ && uses_images_;
  if (images && uses_processes_) {
    return "some pods run in images and others are programs of this machine, and no network connects both";
  }
  if (images) return {};
  if (!can.own_mounts()) return "containers are plain processes here";
  if (can.user_namespace()) return "only root may connect them to this machine";
  return {};
}

}  // namespace reprieve::node
