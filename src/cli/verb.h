// A verb of the command line: its name and flags, and what it does.
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
  // What it prints is all that it does: if that is lost, it has failed.
  virtual bool only_prints() const { return true; }
};

std::unique_ptr<Verb> MakeRun();
std::unique_ptr<Verb> MakeValidate();
std::unique_ptr<Verb> MakeLint();
std::unique_ptr<Verb> MakeTest();
std::unique_ptr<Verb> MakeSimulate();
std::unique_ptr<Verb> MakeExplain();
std::unique_ptr<Verb> MakeController();
std::unique_ptr<Verb> MakeManifests();
std::unique_ptr<Verb> MakePull();
std::unique_ptr<Verb> MakeClean();
std::unique_ptr<Verb> MakeAgent();
std::unique_ptr<Verb> MakeCompletion();
std::unique_ptr<Verb> MakeHelp();
std::unique_ptr<Verb> MakeVersion();

}  // namespace reprieve::cli
