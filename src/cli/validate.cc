// reprieve validate FILE...: all errors of all documents; silent when all is well.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "base/random.h"
#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/exported.h"
#include "cli/feature_gates_option.h"
#include "cli/load.h"
#include "cli/verb.h"
#include "document/json.h"

namespace reprieve::cli {
namespace {

document::Value ToValue(const Diagnostic& d) {
  using document::Value;
  Value out = Value::MakeObject();
  out.Set("file", Value::String(d.source->name));
  if (d.mark.line != 0) {
    out.Set("line", Value::Int(d.mark.line));
    out.Set("column", Value::Int(d.mark.column));
  }
  if (!d.subject.empty()) out.Set("field", Value::String(d.subject));
  out.Set("message", Value::String(d.message));
  if (!d.advice.empty()) out.Set("advice", Value::String(d.advice));
  return out;
}

class Validate final : public Verb {
 public:
  void Declare(CLI::App& app) override {
    CLI::App* verb = app.add_subcommand("validate", "Say all that is wrong with manifests, or nothing");
    verb->footer("Example:\n  reprieve validate train.yaml\n\nExit code 0: all is well; 2: something is wrong.");
    verb->add_option("FILE", files_, "Manifests: files, folders, or - for standard input")->required();
    verb->add_option("--feature-gates", gates_, kFeatureGatesHelp)->check(CheckFeatureGates);
    verb->add_flag("--exported", exported_, kExportedHelp);
    verb->add_option("-o,--output", output_, "text, or json: one object a line")
        ->check(CLI::IsMember({"text", "json"}));
    verb->add_option("--color", color_, "auto, always or never")->check(CLI::IsMember({"auto", "always", "never"}));
  }

  int Run() override {
    LoadOptions options;
    options.now = std::chrono::system_clock::now();
    options.gates = *model::ParseFeatureGates(gates_);
    options.exported = exported_;
    // Nothing is created: any identity will do.
    options.new_uid = [] { return std::string("00000000-0000-4000-8000-000000000000"); };
    // Two objects of one generateName have two names.
    options.new_suffix = [count = 0]() mutable {
      const std::string number = Cat(++count);
      return Cat(std::string(5 - std::min<std::size_t>(5, number.size()), '0'), number);
    };
    const Loaded loaded = Load(files_, options);
    for (const std::string& warning : loaded.warnings) std::fprintf(stderr, "Warning: %s\n", warning.c_str());
    const Style style(ColorNamed(color_), STDOUT_FILENO);
    if (output_ == "json") {
      for (const Diagnostic& error : loaded.errors) std::printf("%s\n", document::WriteJson(ToValue(error)).c_str());
    } else {
      std::fputs(RenderAll(loaded.errors, style).c_str(), stdout);
    }
    if (loaded.errors.empty()) return kCompleted;
    if (output_ == "text") std::printf("%s\n", CountLine(loaded.errors, "").c_str());
    return kBadInput;
  }

 private:
  std::vector<std::string> files_;
  std::string gates_;
  bool exported_ = false;
  std::string output_ = "text";
  std::string color_ = "auto";
};

}  // namespace

std::unique_ptr<Verb> MakeValidate() {
  return std::make_unique<Validate>();
}

}  // namespace reprieve::cli
