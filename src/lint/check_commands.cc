// RP023, RP024: shell commands.
#include "lint/checks.h"
namespace reprieve::lint {
void CheckCommands(const JobSubject&, Findings&) {}
}  // namespace reprieve::lint
