// How `reprieve test` tells what came of the cases: text for people, JUnit's XML, TAP 13 or JSON for machines.
//
//   text   one line a case; of one that failed what was expected, what was so, and the timeline
//   json   one object a line: {"type":"case",...}, at the end {"type":"summary",...}
//   junit  testsuites/testsuite/testcase, as CI servers read it
//   tap    version 13: newer ones are refused by prove
//
// One owner; standard output is its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/style.h"
#include "cli/test_case.h"

namespace reprieve::cli {

class TestOutput {
 public:
  virtual ~TestOutput() = default;
  // How many cases there are, before the first.
  virtual void Begin(std::size_t) {}
  virtual void Tell(const CaseReport& report) = 0;
  virtual void End() = 0;
};

// `format`: text, json, junit or tap.
[[nodiscard]] std::unique_ptr<TestOutput> MakeTestOutput(const std::string& format, const Style& style);

}  // namespace reprieve::cli
