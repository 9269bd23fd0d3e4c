// RP025: labels and annotations that nearly are ones that a controller reads.
#include "lint/checks.h"
namespace reprieve::lint {
void CheckKeys(const document::Value&, Findings&) {}
}  // namespace reprieve::lint
