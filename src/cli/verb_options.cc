#include "cli/verb_options.h"

#include <CLI/CLI.hpp>
#include <utility>

namespace reprieve::cli {

VerbOption VerbOption::Value(const std::string& name) {
  option_->option_text(name);
  return *this;
}

VerbOption VerbOption::OneOf(std::vector<std::string> values) {
  option_->check(CLI::IsMember(std::move(values)));
  return *this;
}

VerbOption VerbOption::Between(std::int64_t least, std::int64_t most) {
  option_->check(CLI::Range(least, most));
  return *this;
}

VerbOption VerbOption::NotNegative() {
  option_->check(CLI::NonNegativeNumber);
  return *this;
}

VerbOption VerbOption::Check(std::function<std::string(const std::string&)> why_not) {
  option_->check(std::move(why_not));
  return *this;
}

VerbOption VerbOption::OneEach() {
  option_->allow_extra_args(false);
  return *this;
}

VerbOption VerbOption::Required() {
  option_->required();
  return *this;
}

bool VerbOption::given() const {
  return option_->count() > 0;
}

VerbOptions::VerbOptions(CLI::App& app, const std::string& name, const std::string& description)
    : verb_(app.add_subcommand(name, description)) {}

void VerbOptions::Footer(const std::string& text) {
  verb_->footer(text);
}

template <typename T>
VerbOption VerbOptions::Add(const std::string& names, T& target, const std::string& description) {
  return VerbOption(verb_->add_option(names, target, description));
}

template VerbOption VerbOptions::Add(const std::string&, std::string&, const std::string&);
template VerbOption VerbOptions::Add(const std::string&, std::vector<std::string>&, const std::string&);
template VerbOption VerbOptions::Add(const std::string&, std::int32_t&, const std::string&);
template VerbOption VerbOptions::Add(const std::string&, std::int64_t&, const std::string&);
template VerbOption VerbOptions::Add(const std::string&, double&, const std::string&);

VerbOption VerbOptions::AddFlag(const std::string& names, bool& target, const std::string& description) {
  return VerbOption(verb_->add_flag(names, target, description));
}

bool VerbOptions::given(const std::string& flag) const {
  return verb_->count(flag) > 0;
}

}  // namespace reprieve::cli
