#include "model/printer_columns.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "document/yaml.h"

namespace reprieve::model {
namespace {

std::string Row(const std::vector<std::string>& cells) {
  return Join(cells, "|");
}

document::Value Parsed(const std::string& yaml) {
  const auto documents = document::ParseYaml(yaml);
  EXPECT_TRUE(documents.ok());
  return documents->front();
}

const Time kNow = *ParseRfc3339("2026-11-27T12:00:00Z");

std::string JobRow(const std::string& spec, const std::string& status, const std::string& metadata = "") {
  batch::Job job;
  FromValue(Parsed(Cat("metadata: {name: j, creationTimestamp: \"2026-11-27T11:55:00Z\"", metadata, "}\nspec: {", spec,
                       "template: {spec: {containers: []}}}\nstatus: {", status, "}\n")),
            job);
  return Row(JobCells(job, kNow));
}

TEST(PrinterColumns, AJobIsShownAsKubectlShowsIt) {
  EXPECT_EQ(JobRow("completions: 3, ", "succeeded: 2, startTime: \"2026-11-27T11:55:01Z\""), "j|Running|2/3|4m59s|5m");
  EXPECT_EQ(JobRow("parallelism: 4, ", ""), "j|Running|0/1 of 4||5m");
  EXPECT_EQ(JobRow("parallelism: 1, ", "succeeded: 1"), "j|Running|1/1||5m");
  EXPECT_EQ(JobRow("completions: 1, ",
                   "startTime: \"2026-11-27T11:55:00Z\", completionTime: \"2026-11-27T11:55:09Z\", "
                   "succeeded: 1, conditions: [{type: Complete, status: \"True\"}]"),
            "j|Complete|1/1|9s|5m");
}

TEST(PrinterColumns, OfSeveralConditionsTheOneThatSaysMostIsTheStatus) {
  const auto status = [](std::string_view conditions, std::string_view metadata = "") {
    const std::string row = JobRow("completions: 1, ", Cat("conditions: [", conditions, "]"), std::string(metadata));
    return row.substr(2, row.find('|', 2) - 2);
  };
  EXPECT_EQ(status("{type: FailureTarget, status: \"True\"}, {type: Failed, status: \"True\"}"), "Failed");
  EXPECT_EQ(status("{type: FailureTarget, status: \"True\"}"), "FailureTarget");
  EXPECT_EQ(status("{type: SuccessCriteriaMet, status: \"True\"}"), "SuccessCriteriaMet");
  EXPECT_EQ(status("{type: Suspended, status: \"True\"}"), "Suspended");
  EXPECT_EQ(status("{type: Suspended, status: \"False\"}"), "Running");
  EXPECT_EQ(status("{type: Suspended, status: \"True\"}", ", deletionTimestamp: \"2026-11-27T11:59:00Z\""),
            "Terminating");
}

TEST(PrinterColumns, AJobSetHasTheColumnsOfItsDefinition) {
  EXPECT_EQ(JobSetColumns(),
            (std::vector<std::string_view>{"Name", "TerminalState", "Restarts", "Completed", "Suspended", "Age"}));
  jobset::JobSet jobset;
  FromValue(
      Parsed("metadata: {name: js, creationTimestamp: \"2026-11-27T09:30:00Z\"}\n"
             "spec: {suspend: false, replicatedJobs: []}\n"
             "status: {restarts: 2, terminalState: Completed, conditions: [{type: Completed, status: \"True\"}]}\n"),
      jobset);
  EXPECT_EQ(Row(JobSetCells(jobset, kNow)), "js|Completed|2|True|false|150m");
}

TEST(PrinterColumns, DurationsHaveTheUnitsOfKubectl) {
  const auto shown = [](std::int64_t seconds) { return PrinterDuration(Seconds(seconds)); };
  constexpr std::int64_t kHour = 3600;
  constexpr std::int64_t kDay = 24 * kHour;
  EXPECT_EQ(shown(-2), "<invalid>");
  EXPECT_EQ(shown(-1), "0s");
  EXPECT_EQ(shown(0), "0s");
  EXPECT_EQ(shown(119), "119s");
  EXPECT_EQ(shown(120), "2m");
  EXPECT_EQ(shown(200), "3m20s");
  EXPECT_EQ(shown(600), "10m");
  EXPECT_EQ(shown(3 * kHour - 1), "179m");
  EXPECT_EQ(shown(3 * kHour), "3h");
  EXPECT_EQ(shown(7 * kHour + 300), "7h5m");
  EXPECT_EQ(shown(8 * kHour + 300), "8h");
  EXPECT_EQ(shown(47 * kHour), "47h");
  EXPECT_EQ(shown(2 * kDay), "2d");
  EXPECT_EQ(shown(7 * kDay + 4 * kHour), "7d4h");
  EXPECT_EQ(shown(8 * kDay + 4 * kHour), "8d");
  EXPECT_EQ(shown(729 * kDay), "729d");
  EXPECT_EQ(shown(730 * kDay), "2y");
  EXPECT_EQ(shown(1000 * kDay), "2y270d");
  EXPECT_EQ(shown(3000 * kDay), "8y");
}

}  // namespace
}  // namespace reprieve::model
