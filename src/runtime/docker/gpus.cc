#include "runtime/docker/gpus.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/text.h"
#include "runtime/file.h"

namespace reprieve::runtime::docker {
namespace {

using document::Value;

constexpr std::string_view kKind = "nvidia.com/gpu";
constexpr std::string_view kVariable = "NVIDIA_VISIBLE_DEVICES";
// What NVIDIA's runtime reads as: leave this container alone.
constexpr std::string_view kNothing = "void";

// Podman takes requests for CDI devices from 5.5 on; before, it accepts them and gives nothing.
bool TakesRequests(const EngineIdentity& engine, const Value& info) {
  if (!engine.is_podman()) return info["CDISpecDirs"].size() > 0;
  const auto parts = Split(engine.version, '.');
  const auto major = ParseInt64(parts[0]).value_or(0);
  const auto minor = parts.size() > 1 ? ParseInt64(parts[1]).value_or(0) : 0;
  return major > 5 || (major == 5 && minor >= 5);
}

// Its text is enough: a description names its kind once, in JSON as in YAML.
bool DescribesGpus(const std::string& folder) {
  std::error_code failed;
  for (std::filesystem::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    const std::string extension = at->path().extension();
    const bool is_description = extension == ".json" || extension == ".yaml" || extension == ".yml";
    if (is_description && ReadFile(at->path()).find(kKind) != std::string::npos) return true;
  }
  return false;
}

bool Has(const std::vector<std::string>& environment, std::string_view name) {
  return std::any_of(environment.begin(), environment.end(), [name](std::string_view variable) {
    return variable.starts_with(name) && variable.substr(name.size()).starts_with('=');
  });
}

}  // namespace

GpuSupport GpuSupportOf(const EngineIdentity& engine, const Value& info,
                        const std::vector<std::string>& podman_folders) {
  GpuSupport out;
  std::vector<std::string> folders = podman_folders;
  if (!engine.is_podman()) {
    folders.clear();
    for (const Value& folder : info["CDISpecDirs"].items()) folders.push_back(folder.AsText());
    if (info["Runtimes"].Find("nvidia") != nullptr) out.oci_runtime = "nvidia";
  }
  out.cdi = TakesRequests(engine, info) && std::any_of(folders.begin(), folders.end(), DescribesGpus);
  return out;
}

void GiveGpus(const std::vector<int>& gpus, const GpuSupport& support, Value& host,
              std::vector<std::string>& environment) {
  if (gpus.empty()) return;
  std::vector<std::string> numbers;
  numbers.reserve(gpus.size());
  for (const int gpu : gpus) numbers.push_back(Cat(gpu));
  if (!support.cdi) {
    if (!support.oci_runtime.empty()) host.Set("Runtime", Value::String(support.oci_runtime));
    if (!Has(environment, kVariable)) environment.push_back(Cat(kVariable, "=", Join(numbers, ",")));
    return;
  }
  Value request = Value::MakeObject();
  request.Set("Driver", Value::String("cdi"));
  Value& names = request.At("DeviceIDs");
  for (const std::string& number : numbers) names.Append(Value::String(Cat(kKind, "=", number)));
  host.At("DeviceRequests").Append(std::move(request));
  // Should NVIDIA's runtime be the engine's usual one, it would give what the image asks for besides.
  if (!Has(environment, kVariable)) environment.push_back(Cat(kVariable, "=", kNothing));
}

}  // namespace reprieve::runtime::docker
