// property_test [--jobsets] [--cluster] [--histories N] [--seed S] [--trace]: random Jobs, or JobSets, against random
// kubelets and faults; with --cluster those of a cluster.
//
// Prints the seed of each history in which something that must hold did not; --seed S --histories 1 --trace replays it.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "history.h"
#include "jobset_history.h"

int main(int argc, char** argv) {
  std::int64_t histories = 2000;
  std::int64_t seed = 1;
  bool trace = false;
  bool cluster = false;
  auto run = reprieve::property::RunHistory;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--trace") trace = true;
    if (argument == "--cluster") cluster = true;
    if (argument == "--jobsets") run = reprieve::property::RunJobSetHistory;
    if (argument == "--histories" && i + 1 < argc) histories = reprieve::ParseInt64(argv[++i]).value_or(histories);
    if (argument == "--seed" && i + 1 < argc) seed = reprieve::ParseInt64(argv[++i]).value_or(seed);
  }
  std::int64_t failed = 0;
  std::size_t pods = 0;
  std::size_t crashes = 0;
  for (std::int64_t i = 0; i < histories; ++i) {
    const auto result = run(static_cast<std::uint64_t>(seed + i), cluster, trace);
    pods += result.pods;
    crashes += result.crashes;
    // The same seed gives the same history, to the byte.
    const bool again =
        i % 50 != 0 || run(static_cast<std::uint64_t>(seed + i), cluster, false).trace_hash == result.trace_hash;
    if (result.violations.empty() && again) continue;
    ++failed;
    if (failed > 20) continue;
    std::printf("seed %lld:\n", static_cast<long long>(seed + i));
    if (!again) std::printf("  a second run of the seed differs\n");
    for (const auto& violation : result.violations) std::printf("  %s\n", violation.c_str());
    std::fflush(stdout);
  }
  std::printf("%zu pods, %zu crashes of the controller\n", pods, crashes);
  std::printf("%lld passed, %lld failed\n", static_cast<long long>(histories - failed), static_cast<long long>(failed));
  return failed == 0 ? 0 : 1;
}
