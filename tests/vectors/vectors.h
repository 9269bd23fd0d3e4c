// Vectors: text files whose entries are tests. Each has name (what holds), shows (the paragraph or the authority),
// input and expect; the header of each file describes the last two.
#pragma once

#include <gtest/gtest.h>

#include <span>

#include "document/value.h"

namespace reprieve::vectors {

using Check = void (*)(const document::Value& input, const document::Value& expect);

struct VectorFile {
  const char* name;  // without folder and .yaml
  Check check;
};

// The main function of a vector test. A file that can't be read or has no vectors is a failure.
int RunAll(int argc, char** argv, std::span<const VectorFile> files);

// With the members of all objects in the order of their names.
document::Value Normal(const document::Value& value);

}  // namespace reprieve::vectors
