#include "cli/test_output.h"

#include <cstdio>
#include <utility>

#include "base/text.h"
#include "cli/screen_text.h"
#include "document/json.h"
#include "report/html.h"

namespace reprieve::cli {
namespace {

using document::Value;

void Print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
}

std::string PlaceOf(const CaseReport& report, document::Mark mark) {
  return Cat(report.test->test.file->name, ":", mark.line);
}

std::string Count(std::size_t count, std::string_view noun) {
  return Cat(count, " ", noun, count == 1 ? "" : "s");
}

class TextOutput final : public TestOutput {
 public:
  explicit TextOutput(const Style& style) : style_(style) {}

  void Tell(const CaseReport& report) override {
    const std::string& file = report.test->test.file->name;
    if (file != file_) {
      file_ = file;
      Print(Cat(files_++ > 0 ? "\n" : "", Escaped(file), "\n"));
    }
    ++cases_;
    const std::string name = Escaped(report.of->name);
    if (report.passed()) return Print(Cat("  ", style_.Green("ok"), "    ", name, "\n"));
    ++failed_;
    Print(Cat("  ", style_.Red("FAIL"), "  ", style_.Bold(name), "\n"));
    for (const CaseFailure& failure : report.failures) {
      Print(Cat("        ", Escaped(PlaceOf(report, failure.mark)), "\n"));
      Print(Cat("          expected  ", Escaped(failure.expected), "\n"));
      Print(Cat("          actual    ", Escaped(failure.actual), "\n"));
    }
    Print("        what happened\n");
    for (const std::string& line : report.timeline) Print(Cat("          ", Escaped(line), "\n"));
  }

  void End() override {
    Print(
        Cat(files_ > 0 ? "\n" : "", Count(cases_, "case"), ": ", cases_ - failed_, " passed, ", failed_, " failed\n"));
  }

 private:
  const Style style_;
  std::string file_;
  std::size_t files_ = 0;
  std::size_t cases_ = 0;
  std::size_t failed_ = 0;
};

class JsonOutput final : public TestOutput {
 public:
  void Tell(const CaseReport& report) override {
    Value out = Value::MakeObject();
    out.Set("type", Value::String("case"));
    out.Set("file", Value::String(report.test->test.file->name));
    out.Set("line", Value::Int(report.of->mark.line));
    out.Set("name", Value::String(report.of->name));
    out.Set("passed", Value::Bool(report.passed()));
    ++cases_;
    if (!report.passed()) {
      ++failed_;
      Value failures = Value::MakeArray();
      for (const CaseFailure& failure : report.failures) {
        Value each = Value::MakeObject();
        each.Set("line", Value::Int(failure.mark.line));
        each.Set("expected", Value::String(failure.expected));
        each.Set("actual", Value::String(failure.actual));
        failures.Append(std::move(each));
      }
      out.Set("failures", std::move(failures));
      Value timeline = Value::MakeArray();
      for (const std::string& line : report.timeline) timeline.Append(Value::String(std::string(Trim(line))));
      out.Set("timeline", std::move(timeline));
    }
    Print(Cat(document::WriteJson(out), "\n"));
  }

  void End() override {
    Value out = Value::MakeObject();
    out.Set("type", Value::String("summary"));
    out.Set("cases", Value::Int(static_cast<std::int64_t>(cases_)));
    out.Set("passed", Value::Int(static_cast<std::int64_t>(cases_ - failed_)));
    out.Set("failed", Value::Int(static_cast<std::int64_t>(failed_)));
    Print(Cat(document::WriteJson(out), "\n"));
  }

 private:
  std::size_t cases_ = 0;
  std::size_t failed_ = 0;
};

// As in HTML; in attributes a line's end would become a blank.
std::string Xml(std::string_view text) {
  std::string out;
  const std::string escaped = report::EscapeHtml(text);
  for (const std::string_view line : Split(escaped, '\n')) {
    AppendTo(out, line, "&#10;");
  }
  out.resize(out.size() - std::string_view("&#10;").size());
  return out;
}

// Whole at the end: the attributes of the outer elements count what is in them.
class JunitOutput final : public TestOutput {
 public:
  void Tell(const CaseReport& report) override {
    const std::string& file = report.test->test.file->name;
    if (suites_.empty() || suites_.back().file != file) suites_.push_back({file, 0, 0, {}});
    SuiteText& suite = suites_.back();
    ++suite.cases;
    AppendTo(suite.text, "    <testcase classname=\"", Xml(file), "\" name=\"", Xml(report.of->name), "\" file=\"",
             Xml(file), "\" line=\"", report.of->mark.line, "\" time=\"0\"");
    if (report.passed()) {
      suite.text += "/>\n";
      return;
    }
    ++suite.failed;
    const CaseFailure& first = report.failures.front();
    AppendTo(suite.text, ">\n      <failure type=\"expectation\" message=\"",
             Xml(Cat("expected ", first.expected, "; actual ", first.actual)), "\">");
    for (const CaseFailure& failure : report.failures) {
      AppendTo(suite.text, Xml(Cat(PlaceOf(report, failure.mark), "\n  expected  ", failure.expected, "\n  actual    ",
                                   failure.actual, "\n")));
    }
    for (const std::string& line : report.timeline) AppendTo(suite.text, Xml(line), "&#10;");
    suite.text += "</failure>\n    </testcase>\n";
  }

  void End() override {
    std::size_t cases = 0;
    std::size_t failed = 0;
    for (const SuiteText& suite : suites_) {
      cases += suite.cases;
      failed += suite.failed;
    }
    Print(Cat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"reprieve test\" tests=\"", cases,
              "\" failures=\"", failed, "\" errors=\"0\">\n"));
    for (const SuiteText& suite : suites_) {
      Print(Cat("  <testsuite name=\"", Xml(suite.file), "\" tests=\"", suite.cases, "\" failures=\"", suite.failed,
                "\" errors=\"0\" skipped=\"0\">\n", suite.text, "  </testsuite>\n"));
    }
    Print("</testsuites>\n");
  }

 private:
  struct SuiteText {
    std::string file;
    std::size_t cases = 0;
    std::size_t failed = 0;
    std::string text;
  };
  std::vector<SuiteText> suites_;
};

// In a description # begins a directive.
std::string TapText(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '#' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string Quoted(std::string_view text) {
  return document::WriteJson(Value::String(std::string(text)));
}

class TapOutput final : public TestOutput {
 public:
  void Begin(std::size_t cases) override { Print(Cat("TAP version 13\n1..", cases, "\n")); }

  void Tell(const CaseReport& report) override {
    Print(Cat(report.passed() ? "ok " : "not ok ", ++number_, " - ", TapText(report.test->test.file->name), ": ",
              TapText(report.of->name), "\n"));
    if (report.passed()) return;
    Print("  ---\n  failures:\n");
    for (const CaseFailure& failure : report.failures) {
      Print(Cat("  - at: ", Quoted(PlaceOf(report, failure.mark)), "\n    expected: ", Quoted(failure.expected),
                "\n    actual: ", Quoted(failure.actual), "\n"));
    }
    Print("  timeline:\n");
    for (const std::string& line : report.timeline) Print(Cat("  - ", Quoted(Trim(line)), "\n"));
    Print("  ...\n");
  }

  void End() override {}

 private:
  std::size_t number_ = 0;
};

}  // namespace

std::unique_ptr<TestOutput> MakeTestOutput(const std::string& format, const Style& style) {
  if (format == "json") return std::make_unique<JsonOutput>();
  if (format == "junit") return std::make_unique<JunitOutput>();
  if (format == "tap") return std::make_unique<TapOutput>();
  return std::make_unique<TextOutput>(style);
}

}  // namespace reprieve::cli
