#include "model/jobset_version.h"

#include "base/text.h"
#include "model/minor_version.h"

namespace reprieve::model {

std::string JobSetVersion::ToString() const {
  return Cat("0.", minor);
}

Result<JobSetVersion> ParseJobSetVersion(std::string_view text) {
  const auto minor = MinorVersion(text, "0");
  if (!minor || *minor < JobSetVersion::kOldestMinor || *minor > JobSetVersion::kNewestMinor) {
    return Error{Cat("unknown version of JobSet ", Quote(text), "; known are 0.", JobSetVersion::kOldestMinor, " to 0.",
                     JobSetVersion::kNewestMinor)};
  }
  return JobSetVersion{*minor};
}

}  // namespace reprieve::model
