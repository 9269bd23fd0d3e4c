// The text of src/model/schema/fields.tsv, one element a line, put into the program by cmake/embed.cmake.
#pragma once

#include <string_view>
#include <vector>

namespace reprieve::model {

const std::vector<std::string_view>& SchemaLines();

}  // namespace reprieve::model
