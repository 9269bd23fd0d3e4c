// A verb of the command line: what it is called, what it is for, and how it is run.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace reprieve::cli {

class Verb {
 public:
  virtual ~Verb() = default;
  // Declares name, flags and help on `app`, which outlives the verb. Help begins with an example.
  virtual void Declare(CLI::App& app) = 0;
  // The exit code (exit_code.h).
  virtual int Run() = 0;
};

std::unique_ptr<Verb> MakeRun();
std::unique_ptr<Verb> MakeValidate();
std::unique_ptr<Verb> MakeAgent();
std::unique_ptr<Verb> MakeCompletion();

}  // namespace reprieve::cli
