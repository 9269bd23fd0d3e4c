// How objects are called in what people read. Pure; safe from any thread.
#pragma once

#include <string>

#include "model/meta.h"

namespace reprieve::cli {

// ns/train; the namespace default is left out.
std::string NameOf(const meta::ObjectKey& key);

}  // namespace reprieve::cli
