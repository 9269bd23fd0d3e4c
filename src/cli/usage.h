// A command line that can't be read: what is wrong with it, the nearest verb or flag, where the help is.
#pragma once

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace reprieve::cli {

// Tells it, as text on standard error or, if the command line wants --output json, on standard output; returns the exit
// code. REQUIRES: argc > 1.
int TellBadUsage(CLI::App& app, const CLI::ParseError& error, int argc, char** argv);

}  // namespace reprieve::cli
