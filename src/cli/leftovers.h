// What a run that was ended early says last: that nothing of it is left, or what is.
//
// Pure; safe from any thread.
#pragma once

#include <string>
#include <vector>

namespace reprieve::cli {

// `left`: what node::LocalWorld::CleanUp has found.
std::string TellLeftovers(const std::vector<std::string>& left);

}  // namespace reprieve::cli
