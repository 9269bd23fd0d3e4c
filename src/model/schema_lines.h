// The texts of src/model/schema, one element a line, put into the program by cmake/embed.cmake.
#pragma once

#include <string_view>
#include <vector>

namespace reprieve::model {

const std::vector<std::string_view>& SchemaLines();    // fields.tsv
const std::vector<std::string_view>& VersionLines();   // versions.tsv
const std::vector<std::string_view>& TimeZoneLines();  // time_zones.txt

}  // namespace reprieve::model
