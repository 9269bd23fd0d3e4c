// The files of a verb: FILE... and, as with kubectl, -f FILE.
#pragma once

#include <string>
#include <vector>

namespace reprieve::cli {

class VerbOptions;

class FilesOption {
 public:
  // Declares it on `verb`; both must outlive the parsing of the command line.
  void Declare(VerbOptions& verb);

  // Those without -f come first.
  std::vector<std::string> All() const;
  bool empty() const { return plain_.empty() && named_.empty(); }

 private:
  std::vector<std::string> plain_;
  std::vector<std::string> named_;
};

// What a verb that needs a file says without one.
std::string FileIsRequired(const std::string& verb);

}  // namespace reprieve::cli
