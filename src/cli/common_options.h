// The flags that several verbs have, declared alike in each. As VerbOptions' own: `target` lives until the command line
// is parsed, and what it has before is the default.
#pragma once

#include <string>

#include "cli/verb_options.h"
#include "model/feature_gates.h"

namespace reprieve::cli {

inline void AddColor(VerbOptions& verb, std::string& target) {
  verb.Add("--color", target, "Colours (default auto: on a terminal, unless NO_COLOR is set)")
      .OneOf({"auto", "always", "never"});
}

// Of a verb that tells one thing after another.
inline void AddOutput(VerbOptions& verb, std::string& target) {
  verb.Add("-o,--output", target, "json: one object a line (default text)").OneOf({"text", "json"});
}

inline void AddFeatureGates(VerbOptions& verb, std::string& target) {
  const auto why_none = [](const std::string& text) {
    const auto gates = model::ParseFeatureGates(text);
    return gates.ok() ? std::string() : gates.error().message;
  };
  verb.Add("--feature-gates", target,
           "Alpha features of JobSet, such as RestartJob=true,ElasticJobSet=true: these two, InPlaceRestart, or "
           "AllAlpha")
      .Value("GATE=true,...")
      .Check(why_none);
}

// Manifests are read as cli/exported.h has it.
inline void AddExported(VerbOptions& verb, bool& target) {
  verb.AddFlag("--exported", target,
               "The manifests were read from a server (kubectl get -o yaml): leave out what it has added");
}

}  // namespace reprieve::cli
