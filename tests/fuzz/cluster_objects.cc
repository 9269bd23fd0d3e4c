// Any bytes that an API server may send as a Job or a pod are read from their text as through a tree, or refused in the
// same words.
#include <cstdlib>
#include <string_view>

#include "../property/decode_through_tree.h"

namespace {

using namespace reprieve;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  kube::Decoder decoder;
  // Twice: the second time much is there from the first.
  for (int i = 0; i < 2; ++i) {
    if (testing::JobFromText(decoder, text) != testing::FromParsed(text, testing::JobThroughTree)) std::abort();
    if (testing::PodFromText(decoder, text) != testing::FromParsed(text, testing::PodThroughTree)) std::abort();
  }
  return 0;
}
