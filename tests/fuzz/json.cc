// Any bytes are JSON or one clear error; what was read writes and reads back as the same value, and admission answers
// it.
#include "document/json.h"

#include <cstdlib>

#include "admission/admission.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace reprieve::document;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = ParseJson(text);
  if (value.ok()) {
    const auto again = ParseJson(WriteJson(*value));
    if (!again.ok() || !(*again == *value)) std::abort();
  }
  const auto answer = reprieve::admission::CreateJob(text, {"default", "Strict", "uid", "xxxxx", {}});
  if (!answer.ok() && answer.message.empty()) std::abort();
  return 0;
}
