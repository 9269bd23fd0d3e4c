#include "cli/usage.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "cli/error_json.h"
#include "cli/exit_code.h"
#include "document/json.h"

namespace reprieve::cli {
namespace {

using Words = std::vector<std::string_view>;

// The verb that the command line names; null pointer if it names none that there is.
CLI::App* VerbOf(CLI::App& app, const Words& words) {
  for (CLI::App* verb : app.get_subcommands({})) {
    if (verb->get_name() == words.front()) return verb;
  }
  return nullptr;
}

std::vector<std::string> VerbsOf(CLI::App& app) {
  std::vector<std::string> out;
  for (const CLI::App* verb : app.get_subcommands({})) out.push_back(verb->get_name());
  return out;
}

std::vector<std::string> FlagsOf(const CLI::App& verb) {
  std::vector<std::string> out;
  for (const CLI::Option* option : verb.get_options()) {
    for (const std::string& name : option->get_lnames()) out.push_back("--" + name);
  }
  return out;
}

// The candidate that is nearest to the first of the words that is none of them. `flags`: only words with dashes count.
std::string NearestTo(const Words& words, const std::vector<std::string>& candidates, bool flags) {
  for (std::string_view word : words) {
    word = word.substr(0, word.find('='));
    const bool known = std::find(candidates.begin(), candidates.end(), word) != candidates.end();
    if (known || (flags && !word.starts_with("--"))) continue;
    const std::string_view near = NearestWord(word, {candidates.begin(), candidates.end()});
    if (!near.empty()) return std::string(near);
  }
  return {};
}

// --output json in any of its spellings, where the verb has it.
bool WantsJson(const CLI::App& verb, const Words& words) {
  if (verb.get_option_no_throw("--output") == nullptr) return false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "-ojson" || words[i] == "-o=json" || words[i] == "--output=json") return true;
    const bool flag = words[i] == "-o" || words[i] == "--output";
    if (flag && i + 1 < words.size() && words[i + 1] == "json") return true;
  }
  return false;
}

}  // namespace

int TellBadUsage(CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  Words words(argv + 1, argv + argc);
  const CLI::App* verb = VerbOf(app, words);
  if (verb != nullptr) words.erase(words.begin());
  const std::string near =
      verb == nullptr ? NearestTo(words, VerbsOf(app), false) : NearestTo(words, FlagsOf(*verb), true);
  const std::string what = verb == nullptr && !words.front().starts_with('-') ? Cat("there is no verb ", words.front())
                                                                              : std::string(error.what());
  const std::string advice = Cat(near.empty() ? std::string() : Cat("Did you mean ", near, "? "), "See reprieve ",
                                 verb == nullptr ? std::string() : verb->get_name() + " ", "--help.");
  if (verb != nullptr && WantsJson(*verb, words)) {
    std::puts(document::WriteJson(ErrorObject(what, advice)).c_str());
  } else {
    std::fprintf(stderr, "reprieve: %s\n%s\n", what.c_str(), advice.c_str());
  }
  return kBadInput;
}

}  // namespace reprieve::cli
