// reprieve validate FILE...: all errors of all documents; silent when all is well.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "base/random.h"
#include "base/text.h"
#include "cli/common_options.h"
#include "cli/error_json.h"
#include "cli/exit_code.h"
#include "cli/files_option.h"
#include "cli/load.h"
#include "cli/refusal.h"
#include "cli/verb.h"
#include "cli/verb_options.h"
#include "cli/version_options.h"
#include "document/json.h"
#include "model/feature_gates.h"

namespace reprieve::cli {
namespace {

class Validate final : public Verb {
 public:
  void Declare(CLI::App& app) override {
    VerbOptions verb(app, "validate", "Say all that is wrong with manifests, or nothing");
    verb.Footer("Example:\n  reprieve validate train.yaml\n\nExit code 0: all is well; 2: something is wrong.");
    files_.Declare(verb);
    AddFeatureGates(verb, gates_);
    versions_.Declare(verb);
    AddExported(verb, exported_);
    AddOutput(verb, output_);
    AddColor(verb, color_);
  }

  int Run() override {
    if (files_.empty()) return Tell(BadInput({FileIsRequired("validate")}), ColorNamed(color_), output_ == "json");
    LoadOptions options;
    options.now = std::chrono::system_clock::now();
    options.servers = {versions_.kubernetes(), versions_.jobset(), *model::ParseFeatureGates(gates_)};
    options.exported = exported_;
    UseCountedIdentities(options);
    const Loaded loaded = Load(files_.All(), options);
    const Style style(ColorNamed(color_), STDOUT_FILENO);
    if (output_ == "json") {
      PrintUpstreamWarnings(loaded);
      for (const Diagnostic& warning : loaded.version_warnings)
        std::printf("%s\n", document::WriteJson(WarningObject(warning)).c_str());
      for (const Diagnostic& error : loaded.errors)
        std::printf("%s\n", document::WriteJson(ErrorObject(error)).c_str());
    } else {
      PrintWarnings(loaded);
      std::fputs(RenderAll(loaded.errors, style).c_str(), stdout);
    }
    if (loaded.errors.empty()) return kCompleted;
    if (output_ == "text") std::printf("%s\n", CountLine(loaded.errors, "").c_str());
    return kBadInput;
  }

 private:
  FilesOption files_;
  std::string gates_;
  VersionOptions versions_;
  bool exported_ = false;
  std::string output_ = "text";
  std::string color_ = "auto";
};

}  // namespace

std::unique_ptr<Verb> MakeValidate() {
  return std::make_unique<Validate>();
}

}  // namespace reprieve::cli
