// What the name of a container image says.
//
// Source: the grammar of image references (distribution): [registry[:port]/]path[:tag][@digest]. Pure; safe from any
// thread.
#pragma once

#include <string_view>

namespace reprieve::model {

// True if the name is well formed and means the tag `latest`: written so, or neither tag nor digest.
// Such an image is pulled always by default.
bool MeansLatest(std::string_view image);

}  // namespace reprieve::model
