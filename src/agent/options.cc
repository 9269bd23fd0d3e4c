#include "agent/options.h"

#include <optional>

#include "base/text.h"
#include "node/agent_protocol.h"

namespace reprieve::agent {
namespace {

constexpr std::string_view kJobSet = "JOBSET_NAME";
constexpr std::string_view kPod = "POD_NAME";
constexpr std::string_view kCommand = "WORKER_COMMAND";
constexpr std::string_view kProbePath = "STARTUP_PROBE_PATH";
constexpr std::string_view kProbePort = "STARTUP_PROBE_PORT";
constexpr std::string_view kExitCode = "IN_PLACE_RESTART_EXIT_CODE";

constexpr std::string_view kFromJobSet = "metadata.annotations['jobset.sigs.k8s.io/jobset-name']";
constexpr std::string_view kFromPod = "metadata.name";

// Reads variables and collects the problems with them.
class Reader {
 public:
  explicit Reader(const std::function<std::string(std::string_view)>& variable) : variable_(variable) {}

  std::string Text(std::string_view name) const { return variable_(name); }

  std::string Required(std::string_view name, std::string_view field) {
    std::string out = variable_(name);
    if (out.empty()) Complain(name, Cat("is not set; give it the value of the field ", field));
    return out;
  }

  template <class Number>
  void Take(std::string_view name, std::int32_t least, std::int32_t greatest, Number& out) {
    const std::string text = variable_(name);
    if (text.empty()) return;
    const auto number = ParseInt32(text);
    if (!number || *number < least || *number > greatest) {
      return Complain(name, Cat("is ", Quote(text), "; it must be a number from ", least, " to ", greatest));
    }
    out = static_cast<Number>(*number);
  }

  void Complain(std::string_view name, std::string_view what) { problems_.push_back(Cat(name, " ", what)); }

  std::vector<std::string> TakeProblems() { return std::move(problems_); }

 private:
  const std::function<std::string(std::string_view)>& variable_;
  std::vector<std::string> problems_;
};

}  // namespace

ReadOptions ReadEnvironment(const std::function<std::string(std::string_view)>& variable) {
  ReadOptions out;
  Options& options = out.options;
  Reader reader(variable);
  options.jobset = reader.Required(kJobSet, kFromJobSet);
  options.pod = reader.Required(kPod, kFromPod);
  options.worker_command = reader.Text(kCommand);
  if (const std::string path = reader.Text(kProbePath); !path.empty()) options.probe_path = path;
  if (!options.probe_path.starts_with('/')) {
    reader.Complain(kProbePath, Cat("is ", Quote(options.probe_path), "; it must begin with a slash"));
  }
  reader.Take(kProbePort, 1, 65535, options.probe_port);
  reader.Take(kExitCode, 0, 255, options.exit_code);
  for (const std::string_view name : {kProbePath, kProbePort}) {
    if (options.sidecar() || reader.Text(name).empty()) continue;
    reader.Complain(kCommand, Cat("and ", name,
                                  " are both set; an agent that runs the worker itself has no startup "
                                  "probe, so leave one of them out"));
  }
  options.probe_address = reader.Text(node::kPodAddressVariable);
  options.socket = reader.Text(node::kAgentSocketVariable);
  out.problems = reader.TakeProblems();
  return out;
}

}  // namespace reprieve::agent
