// The help texts: of the whole program, and of each verb with its examples first.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace reprieve::cli {

inline constexpr const char* kVersionLine = "reprieve 0.1.0";

// What `reprieve` prints when it is told nothing.
extern const char* const kFirstHelp;

// The help of the whole program, or of the verb that `app` is. It may be asked for once.
std::string HelpText(CLI::App& app);

}  // namespace reprieve::cli
