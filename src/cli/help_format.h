// How help is laid out: lines of at most 80 columns, values named as in docs/USE.md.
#pragma once

#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace reprieve::cli {

inline constexpr std::size_t kHelpColumns = 80;

// For `app` and the verbs that are added to it afterwards.
void UseHelpFormat(CLI::App& app);

// A label, and the description beside it in lines that break between words.
std::string HelpEntry(std::string label, std::string_view description);

}  // namespace reprieve::cli
