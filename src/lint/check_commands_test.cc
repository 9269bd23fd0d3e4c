#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"
#include "lint/checks.h"
#include "model/testing.h"

namespace reprieve::lint {
namespace {

// The codes for a container that runs this.
std::string Codes(std::vector<std::string> command, std::vector<std::string> args = {}) {
  core::Container main = testing::AContainer("main", std::move(command));
  main.args = std::move(args);
  batch::JobSpec spec;
  spec.pod_template.spec = testing::Shared(testing::ASpec(core::RestartPolicy::kNever, {std::move(main)}));
  JobSubject job;
  job.job.spec = std::make_shared<const batch::JobSpec>(std::move(spec));
  Findings out;
  CheckCommands(job, out);
  std::vector<std::string> ids;
  for (const Finding& finding : out.Take()) ids.emplace_back(FactsOf(finding.code).id);
  return Join(ids, " ");
}
std::string InBash(std::string script) {
  return Codes({"bash", "-c", std::move(script)});
}

TEST(Commands, APipelineHidesTheCodeOfItsFirstCommands) {
  EXPECT_EQ(InBash("python3 train.py | tee log"), "RP023");
  EXPECT_EQ(InBash("cd /app && python3 train.py 2>&1 | tee log"), "RP023");
  EXPECT_EQ(InBash("set -o pipefail; python3 train.py | tee log"), "");
  EXPECT_EQ(InBash("set -euxo pipefail\npython3 train.py | tee log"), "");
  EXPECT_EQ(InBash("set -o pipefail; ls | wc -l; set +o pipefail; python3 train.py | tee log"), "RP023");
  EXPECT_EQ(Codes({"bash", "-eo", "pipefail", "-c", "python3 train.py | tee log"}), "");
  EXPECT_EQ(InBash("python3 train.py | tee log; exit ${PIPESTATUS[0]}"), "");
  EXPECT_EQ(InBash("cat data | python3 train.py"), "");
  EXPECT_EQ(InBash("yes | python3 train.py"), "");
  EXPECT_EQ(InBash("echo \"a | b\""), "");
  EXPECT_EQ(InBash("python3 train.py > >(tee log)"), "");
}

TEST(Commands, AListEndsWithTheCodeOfItsLastCommand) {
  EXPECT_EQ(InBash("python3 train.py; echo done"), "RP023");
  EXPECT_EQ(InBash("python3 train.py\necho done"), "RP023");
  EXPECT_EQ(InBash("python3 train.py && echo done"), "");
  EXPECT_EQ(InBash("set -e\npython3 train.py\necho done"), "");
  EXPECT_EQ(InBash("set -e\nset +e\npython3 train.py\necho done"), "RP023");
  EXPECT_EQ(InBash("set -eu; mkdir /out; set +o errexit; python3 train.py; echo done"), "RP023");
  EXPECT_EQ(InBash("set +e; rm -r /old; set -e; python3 train.py; echo done"), "");
  EXPECT_EQ(Codes({"sh", "-ec", "set +e; python3 train.py; echo done"}), "RP023");
  EXPECT_EQ(Codes({"sh", "-ec", "python3 train.py; echo done"}), "");
  EXPECT_EQ(InBash("python3 train.py; code=$?; echo done; exit $code"), "");
  EXPECT_EQ(InBash("python3 train.py || exit 3\necho done"), "");
  EXPECT_EQ(InBash("pip install -r requirements.txt; python3 train.py"), "");
  EXPECT_EQ(InBash("mkdir -p /out; cd /app; exec python3 train.py"), "");
  EXPECT_EQ(InBash("if python3 check.py; then exit 0; fi\npython3 train.py"), "");
  EXPECT_EQ(InBash("for i in 1 2; do echo $i; sleep 1; done"), "");
  EXPECT_EQ(InBash("python3 train.py"), "");
}

TEST(Commands, AFailureTurnedIntoSuccessIsHidden) {
  EXPECT_EQ(InBash("python3 train.py || true"), "RP023");
  EXPECT_EQ(InBash("python3 train.py || :"), "RP023");
  EXPECT_EQ(InBash("python3 train.py || echo failed"), "RP023");
  EXPECT_EQ(InBash("python3 train.py || exit 0"), "RP023");
  EXPECT_EQ(InBash("python3 train.py || exit 42"), "");
  EXPECT_EQ(InBash("warm-up || true; python3 train.py"), "");
  EXPECT_EQ(InBash("rm old || true"), "");
}

TEST(Commands, WaitWithoutAProcessHidesTheCode) {
  EXPECT_EQ(InBash("python3 train.py & wait"), "RP023");
  EXPECT_EQ(InBash("python3 train.py & wait $!"), "");
  EXPECT_EQ(InBash("python3 train.py &\npid=$!\nwait $pid"), "");
}

TEST(Commands, TrapsForSigtermEndOrPassItOn) {
  EXPECT_EQ(InBash("trap '' TERM; python3 train.py"), "RP024");
  EXPECT_EQ(InBash("trap 'echo bye' SIGTERM; python3 train.py"), "RP024");
  EXPECT_EQ(InBash("trap 'exit 0' INT TERM; python3 train.py"), "RP024");
  EXPECT_EQ(InBash("stop() { echo bye; }\ntrap stop TERM\npython3 train.py"), "RP024");
  EXPECT_EQ(InBash("stop() { save; exit 143; }\ntrap stop TERM\npython3 train.py"), "");
  EXPECT_EQ(InBash("trap 'kill -TERM $pid' TERM; python3 train.py & pid=$!; wait $pid"), "");
  // The signal ends the wait, and so the script.
  EXPECT_EQ(InBash("trap 'echo bye' TERM; python3 train.py & wait $!"), "");
  EXPECT_EQ(InBash("trap '' TERM; python3 train.py & wait $!"), "RP024");
  EXPECT_EQ(InBash("trap - TERM; python3 train.py"), "");
  EXPECT_EQ(InBash("trap 'rm -f lock' EXIT; python3 train.py"), "");
  EXPECT_EQ(InBash(". lib.sh; trap on_term TERM; python3 train.py"), "");
}

TEST(Commands, OnlyShellsAreRead) {
  EXPECT_EQ(Codes({"python3", "-c", "a; b | c"}), "");
  EXPECT_EQ(Codes({"train", "|", "tee"}), "");
  EXPECT_EQ(Codes({"/bin/sh"}, {"-c", "python3 train.py | tee log"}), "RP023");
  EXPECT_EQ(Codes({"/bin/sh", "-c"}, {"python3 train.py | tee log"}), "RP023");
}

}  // namespace
}  // namespace reprieve::lint
