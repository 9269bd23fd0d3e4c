#include "runtime/docker/image_config.h"

#include <csignal>
#include <cstring>

#include "base/text.h"

namespace reprieve::runtime::docker {
namespace {

std::vector<std::string> TextsOf(const document::Value& list) {
  std::vector<std::string> out;
  out.reserve(list.items().size());
  for (const document::Value& each : list.items()) out.push_back(each.AsText());
  return out;
}

}  // namespace

ImageConfig ImageConfigOf(const document::Value& inspected) {
  const document::Value& config = inspected["Config"];
  ImageConfig out;
  out.id = inspected["Id"].AsText();
  out.architecture = inspected["Architecture"].AsText();
  out.entrypoint = TextsOf(config["Entrypoint"]);
  out.arguments = TextsOf(config["Cmd"]);
  out.environment = TextsOf(config["Env"]);
  out.user = config["User"].AsText();
  out.working_directory = config["WorkingDir"].AsText();
  out.stop_signal = SignalNamed(config["StopSignal"].AsText());
  return out;
}

std::vector<std::string> ArgvOf(const ImageUse& use, const ImageConfig& image) {
  std::vector<std::string> out = use.command.empty() ? image.entrypoint : use.command;
  const bool of_image = use.command.empty() && use.args.empty();
  const std::vector<std::string>& arguments = of_image ? image.arguments : use.args;
  out.insert(out.end(), arguments.begin(), arguments.end());
  return out;
}

std::optional<std::string> WhyRootInImage(const ImageConfig& image, std::optional<std::uint32_t> uid) {
  if (uid) return *uid == 0 ? std::optional<std::string>("container's runAsUser breaks non-root policy") : std::nullopt;
  const std::string user = image.user.substr(0, image.user.find(':'));
  if (user.empty() || user == "root") return "container has runAsNonRoot and image will run as root";
  const auto number = ParseInt64(user);
  if (!number) {
    return Cat("container has runAsNonRoot and image has non-numeric user (", user,
               "), cannot verify user is non-root");
  }
  return *number == 0 ? std::optional<std::string>("container has runAsNonRoot and image will run as root")
                      : std::nullopt;
}

std::optional<int> SignalNamed(std::string_view name) {
  if (const auto number = ParseInt32(name)) {
    return *number > 0 && *number < SIGRTMAX ? std::optional<int>(*number) : std::nullopt;
  }
  if (name.starts_with("SIG")) name.remove_prefix(3);
  if (name.empty()) return std::nullopt;
  for (int signal = 1; signal < NSIG; ++signal) {
    const char* known = sigabbrev_np(signal);
    if (known != nullptr && name == known) return signal;
  }
  return std::nullopt;
}

}  // namespace reprieve::runtime::docker
