#include "cli/help_format.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "base/text.h"
#include "cli/option_values.h"

namespace reprieve::cli {
namespace {

constexpr std::size_t kIndent = 26;

class HelpFormat final : public CLI::Formatter {
 public:
  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    return HelpEntry(Cat("  ", is_positional ? option->get_name(true, false) + "..." : NamesOf(*option)),
                     option->get_description());
  }

  std::string make_subcommand(const CLI::App* verb) const override {
    return HelpEntry(Cat("  ", verb->get_name()), verb->get_description());
  }

 private:
  // -o, --output text|json
  static std::string NamesOf(const CLI::Option& option) {
    std::vector<std::string> names;
    for (const std::string& name : option.get_snames()) names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
    std::string value = option.get_option_text();
    if (value.empty()) value = Join(ValuesOf(option), "|");
    return Cat(Join(names, ", "), value.empty() ? "" : " ", value);
  }
};

}  // namespace

void UseHelpFormat(CLI::App& app) {
  app.formatter(std::make_shared<HelpFormat>());
}

std::string HelpEntry(std::string label, std::string_view description) {
  std::string out = std::move(label);
  if (out.size() + 2 > kIndent) {
    AppendTo(out, "\n", std::string(kIndent, ' '));
  } else {
    out.append(kIndent - out.size(), ' ');
  }
  std::size_t column = kIndent;
  for (const std::string_view word : Split(description, ' ')) {
    if (column > kIndent && column + 1 + word.size() > kHelpColumns) {
      AppendTo(out, "\n", std::string(kIndent, ' '));
      column = kIndent;
    }
    if (column > kIndent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out + "\n";
}

}  // namespace reprieve::cli
