// Any bytes are a script that lint reads to its end, and a file whose suppressions it reads.
#include "lint/shell.h"

#include <cstdlib>

#include "lint/suppression.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace reprieve::lint;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const ShellList& list : ParseShell(text).lists) {
    if (list.pipelines.empty()) std::abort();
    for (const ShellPipeline& pipeline : list.pipelines) {
      if (pipeline.commands.empty()) std::abort();
    }
  }
  CommentSuppressions comments(text);
  comments.Covers(Code::kShadowedRule, 1);
  static_cast<void>(comments.Bad(true));
  return 0;
}
