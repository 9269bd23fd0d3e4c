#include "oracle/replay.h"

namespace reprieve::oracle {

Outcome ReplayAdmission(const model::Value&) { return Outcome::Skipped("admission is not built yet"); }

}  // namespace reprieve::oracle
