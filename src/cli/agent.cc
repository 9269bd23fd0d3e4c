// reprieve agent: the part of an in-place restart that runs inside a pod.
#include "agent/agent.h"

#include <cstdio>
#include <cstdlib>

#include "agent/socket_link.h"
#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/verb.h"
#include "cli/verb_options.h"

namespace reprieve::cli {
namespace {

void Say(const std::string& text) {
  std::fprintf(stderr, "reprieve agent: %s\n", text.c_str());
}

std::string Variable(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? "" : value;
}

class AgentVerb final : public Verb {
 public:
  void Declare(CLI::App& app) override {
    VerbOptions verb(app, "agent", "Inside a pod: start its worker, and restart it with all pods of its JobSet");
    verb.Footer(
        "Example, the container of a pod:\n"
        "  command: [reprieve, agent]\n"
        "  env:\n"
        "    - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}\n"
        "    - name: JOBSET_NAME\n"
        "      valueFrom:\n"
        "        fieldRef:\n"
        "          fieldPath: metadata.annotations['jobset.sigs.k8s.io/jobset-name']\n"
        "    - {name: WORKER_COMMAND, value: python3 train.py}\n\n"
        "Environment:\n"
        "  JOBSET_NAME, POD_NAME        required\n"
        "  WORKER_COMMAND               what to run, by $SHELL or bash; without it the\n"
        "                               agent is a sidecar and answers, once the other\n"
        "                               containers may begin, a GET of\n"
        "  STARTUP_PROBE_PATH           this path (default /barrier-is-down)\n"
        "  STARTUP_PROBE_PORT           at this port (default 8081)\n"
        "  IN_PLACE_RESTART_EXIT_CODE   its exit code when the pod is to restart\n"
        "                               (default 1)\n\n"
        "Exit code: the worker's, 128+n if signal n killed it; 2: bad environment; 3: no\n"
        "JobSet can be reached from here.");
  }

  int Run() override {
    const agent::ReadOptions read = agent::ReadEnvironment(Variable);
    for (const std::string& problem : read.problems) Say(problem);
    if (!read.problems.empty()) return kBadInput;
    if (read.options.socket.empty()) {
      Say("REPRIEVE_AGENT_SOCKET is not set: this is not a pod of `reprieve run`, and the API of a cluster is not "
          "supported yet");
      return kCannotRun;
    }
    agent::SocketLink link(read.options.socket, Say);
    return agent::Run(read.options, link, Say);
  }
};

}  // namespace

std::unique_ptr<Verb> MakeAgent() {
  return std::make_unique<AgentVerb>();
}

}  // namespace reprieve::cli
