// The values that an option may have, where its check knows them all.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class Option;
}

namespace reprieve::cli {

// Empty: any value, or none.
std::vector<std::string> ValuesOf(const CLI::Option& option);

}  // namespace reprieve::cli
