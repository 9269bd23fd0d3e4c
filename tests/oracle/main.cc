// reprieve-oracle FILE...: replays recordings of the real control plane and shows where Reprieve differs.
//
// Source: tests/oracle/README.md. A file is JSON lines; a line's members determine its format. Prints every difference,
// then what was skipped and why, then `N passed, N failed`. Exit code 0: none failed; 1: some did; 2: usage or a file
// that can't be read.
//
// --differences LIST: lines "ID<tab>REASON" for recordings from which Reprieve differs on purpose; they are counted
// separately.
// --kubernetes-version VERSION: of the server that was recorded, the same for all files (default: the newest known).
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "document/json.h"
#include "oracle/replay.h"

namespace {

using reprieve::Cat;
using reprieve::document::Value;
using reprieve::model::KubernetesVersion;
using reprieve::oracle::Outcome;

struct Options {
  KubernetesVersion version;
  std::string differences;  // path; empty: none
  std::vector<std::string> files;
};

// Says what is wrong with them.
bool ReadOptions(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--differences" && i + 1 < argc) {
      options.differences = argv[++i];
    } else if (argument == "--kubernetes-version" && i + 1 < argc) {
      const auto version = reprieve::model::ParseKubernetesVersion(argv[++i]);
      if (!version.ok()) {
        std::cerr << "--kubernetes-version: " << version.error().message << '\n';
        return false;
      }
      options.version = *version;
    } else {
      options.files.emplace_back(argument);
    }
  }
  if (options.files.empty()) {
    std::cerr << "usage: reprieve-oracle [--differences LIST] [--kubernetes-version VERSION] FILE...\n";
    return false;
  }
  return true;
}

struct Tally {
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::map<std::string, std::size_t> skipped;     // by reason
  std::map<std::string, std::string> on_purpose;  // reasons by id
  std::size_t differ_on_purpose = 0;
};

bool ReadDifferences(const std::string& path, Tally& tally) {
  std::ifstream file(path);
  if (!file) {
    std::cerr << path << ": can't be read\n";
    return false;
  }
  for (std::string line; std::getline(file, line);) {
    const std::size_t tab = line.find('\t');
    if (line.empty() || line.front() == '#' || tab == std::string::npos) continue;
    tally.on_purpose[line.substr(0, tab)] = line.substr(tab + 1);
  }
  return true;
}

Outcome Replay(const Value& line, KubernetesVersion version) {
  if (line.Find("op") != nullptr) return reprieve::oracle::ReplayAdmission(line, version);
  if (line.Find("jobset") != nullptr) return reprieve::oracle::ReplayJobSetHistory(line, version);
  if (line.Find("seen") != nullptr) return reprieve::oracle::ReplayTimed(line, version);
  if (line.Find("steps") != nullptr && line.Find("job") != nullptr)
    return reprieve::oracle::ReplayHistory(line, version);
  if (line.Find("requests") != nullptr) return Outcome::Skipped("the API is not served yet");
  return Outcome::Skipped("the format of the line is unknown");
}

void Print(const std::string& id, const Outcome& outcome) {
  std::cout << "FAIL " << id << '\n';
  for (const auto& difference : outcome.differences) {
    std::cout << "  ";
    if (!difference.step.empty()) std::cout << "step " << difference.step << ", ";
    std::cout << difference.path << "\n    expected: " << difference.expected << "\n    actual:   " << difference.actual
              << '\n';
  }
}

bool ReplayFile(const std::string& path, KubernetesVersion version, Tally& tally) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::cerr << path << ": can't be read\n";
    return false;
  }
  std::string text;
  for (std::size_t number = 1; std::getline(file, text); ++number) {
    if (reprieve::Trim(text).empty()) continue;
    const auto line = reprieve::document::ParseJson(text);
    if (!line.ok()) {
      std::cerr << path << ":" << number << ": " << line.error().message << '\n';
      return false;
    }
    const Value* id = (*line).Find("id");
    const Outcome outcome = Replay(*line, version);
    switch (outcome.kind) {
      case Outcome::Kind::kPassed:
        ++tally.passed;
        break;
      case Outcome::Kind::kSkipped:
        ++tally.skipped[outcome.reason];
        break;
      case Outcome::Kind::kFailed:
        if (id != nullptr && tally.on_purpose.contains(id->AsText())) {
          ++tally.differ_on_purpose;
          break;
        }
        ++tally.failed;
        Print(id != nullptr ? id->AsText() : Cat(path, ":", number), outcome);
        break;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!ReadOptions(argc, argv, options)) return 2;
  std::ios::sync_with_stdio(false);
  Tally tally;
  if (!options.differences.empty() && !ReadDifferences(options.differences, tally)) return 2;
  for (const std::string& file : options.files) {
    if (!ReplayFile(file, options.version, tally)) return 2;
  }
  for (const auto& [reason, count] : tally.skipped) std::cout << count << " skipped: " << reason << '\n';
  if (tally.differ_on_purpose > 0) {
    std::cout << tally.differ_on_purpose << " differ on purpose (docs/COMPATIBILITY.md)\n";
  }
  std::cout << tally.passed << " passed, " << tally.failed << " failed\n";
  return tally.failed == 0 ? 0 : 1;
}
