#include "cli/files_option.h"

#include "cli/verb_options.h"

namespace reprieve::cli {

void FilesOption::Declare(VerbOptions& verb) {
  verb.Add("FILE", plain_, "Manifests: files, folders, or - for standard input");
  verb.Add("-f,--filename", named_, "The same as FILE, as with kubectl; repeatable").Value("FILE").OneEach();
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
