#include "cli/object_names.h"

#include "base/text.h"

namespace reprieve::cli {

std::string NameOf(const meta::ObjectKey& key) {
  return key.namespace_ == "default" ? key.name.str() : Cat(key.namespace_, "/", key.name);
}

}  // namespace reprieve::cli
