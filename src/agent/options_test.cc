#include "agent/options.h"

#include <gtest/gtest.h>

#include <map>

namespace reprieve::agent {
namespace {

ReadOptions Read(std::map<std::string, std::string> environment) {
  environment.try_emplace("JOBSET_NAME", "js");
  environment.try_emplace("POD_NAME", "js-w-0-0-abcde");
  return ReadEnvironment([&environment](std::string_view name) { return environment[std::string(name)]; });
}

TEST(AgentOptions, WithoutAWorkersCommandItIsASidecarWithUpstreamsDefaults) {
  const ReadOptions read = Read({});
  EXPECT_TRUE(read.problems.empty());
  EXPECT_TRUE(read.options.sidecar());
  EXPECT_EQ(read.options.probe_path, "/barrier-is-down");
  EXPECT_EQ(read.options.probe_port, 8081);
  EXPECT_EQ(read.options.exit_code, 1);
}

TEST(AgentOptions, EverythingCanBeSet) {
  const ReadOptions sidecar = Read({{"STARTUP_PROBE_PATH", "/go"},
                                    {"STARTUP_PROBE_PORT", "9000"},
                                    {"IN_PLACE_RESTART_EXIT_CODE", "88"},
                                    {"REPRIEVE_POD_ADDRESS", "127.0.0.5"},
                                    {"REPRIEVE_AGENT_SOCKET", "/s"}});
  EXPECT_TRUE(sidecar.problems.empty());
  EXPECT_EQ(sidecar.options.probe_path, "/go");
  EXPECT_EQ(sidecar.options.probe_port, 9000);
  EXPECT_EQ(sidecar.options.exit_code, 88);
  EXPECT_EQ(sidecar.options.probe_address, "127.0.0.5");
  EXPECT_EQ(sidecar.options.socket, "/s");
  const ReadOptions main = Read({{"WORKER_COMMAND", "python3 train.py"}});
  EXPECT_TRUE(main.problems.empty());
  EXPECT_FALSE(main.options.sidecar());
}

TEST(AgentOptions, EveryProblemIsNamedAtOnce) {
  const ReadOptions read = Read({{"JOBSET_NAME", ""},
                                 {"POD_NAME", ""},
                                 {"STARTUP_PROBE_PATH", "go"},
                                 {"STARTUP_PROBE_PORT", "65536"},
                                 {"IN_PLACE_RESTART_EXIT_CODE", "one"}});
  EXPECT_EQ(read.problems, (std::vector<std::string>{
                               ("JOBSET_NAME is not set; give it the value of the field "
                                "metadata.annotations['jobset.sigs.k8s.io/jobset-name']"),
                               "POD_NAME is not set; give it the value of the field metadata.name",
                               "STARTUP_PROBE_PATH is \"go\"; it must begin with a slash",
                               "STARTUP_PROBE_PORT is \"65536\"; it must be a number from 1 to 65535",
                               "IN_PLACE_RESTART_EXIT_CODE is \"one\"; it must be a number from 0 to 255",
                           }));
}

TEST(AgentOptions, AWorkersCommandAndAStartupProbeContradictEachOther) {
  EXPECT_EQ(Read({{"WORKER_COMMAND", "true"}, {"STARTUP_PROBE_PATH", "/go"}, {"STARTUP_PROBE_PORT", "1"}}).problems,
            (std::vector<std::string>{
                "WORKER_COMMAND and STARTUP_PROBE_PATH are both set; an agent that runs the worker itself has no "
                "startup probe, so leave one of them out",
                "WORKER_COMMAND and STARTUP_PROBE_PORT are both set; an agent that runs the worker itself has no "
                "startup probe, so leave one of them out",
            }));
}

}  // namespace
}  // namespace reprieve::agent
