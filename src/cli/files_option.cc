#include "cli/files_option.h"

#include <CLI/CLI.hpp>

namespace reprieve::cli {

void FilesOption::Declare(CLI::App& verb) {
  verb.add_option("FILE", plain_, "Manifests: files, folders, or - for standard input");
  verb.add_option("-f,--filename", named_, "The same as FILE, as with kubectl; repeatable")
      ->option_text("FILE")
      ->allow_extra_args(false);
}

std::vector<std::string> FilesOption::All() const {
  std::vector<std::string> out = plain_;
  out.insert(out.end(), named_.begin(), named_.end());
  return out;
}

std::string FileIsRequired(const std::string& verb) {
  return "FILE is required: a file, a folder, or - for standard input. See reprieve " + verb + " --help.";
}

}  // namespace reprieve::cli
