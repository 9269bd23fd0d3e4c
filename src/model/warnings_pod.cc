#include "model/warnings.h"

namespace reprieve::model {

void AppendPodTemplateWarnings(const Value&, const std::string&, std::vector<std::string>&) {}

}  // namespace reprieve::model
