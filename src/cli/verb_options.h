// The flags and arguments of a verb, as it declares them. CLI11, which reads them, is seen by verb_options.cc and by
// what walks over all verbs (help, completion, usage): its headers make every source that includes them many times as
// long to compile.
//
// Thread rules: before and after the command line is read, on one thread. Errors: what a user gets wrong ends the
// parsing (cli/usage.h); a flag that is declared twice is our own mistake.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace reprieve::cli {

// One of them, to say more of it. A copy is of the same.
class VerbOption {
 public:
  VerbOption() = default;
  explicit VerbOption(CLI::Option* option) : option_(option) {}

  // What the help calls its value.
  VerbOption Value(const std::string& name);
  VerbOption OneOf(std::vector<std::string> values);
  VerbOption Between(std::int64_t least, std::int64_t most);
  VerbOption NotNegative();
  // `why_not` gets a value as it is written, and returns why it is none; empty: it is one.
  VerbOption Check(std::function<std::string(const std::string&)> why_not);
  // Of one that may be repeated: a value for each flag, so that what follows may be arguments.
  VerbOption OneEach();
  VerbOption Required();

  // REQUIRES: it is declared. After the parsing: whether the command line has it.
  bool given() const;

 private:
  CLI::Option* option_ = nullptr;
};

class VerbOptions {
 public:
  // Of no verb yet.
  VerbOptions() = default;
  // Adds the verb to `app`, which outlives this.
  VerbOptions(CLI::App& app, const std::string& name, const std::string& description);

  void Footer(const std::string& text);
  // `names`: "-o,--output", or "FILE" for arguments. `target` gets the value when the command line is parsed, until
  // when it has to live; what it has before is the default. T: a text, a whole number, a number, or texts for one that
  // repeats.
  template <typename T>
  VerbOption Add(const std::string& names, T& target, const std::string& description);
  VerbOption AddFlag(const std::string& names, bool& target, const std::string& description);

  // After the parsing: whether the command line has that flag.
  bool given(const std::string& flag) const;

 private:
  CLI::App* verb_ = nullptr;
};

}  // namespace reprieve::cli
