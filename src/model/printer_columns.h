// Printer columns: what `kubectl get` shows of a Job or JobSet, in the API server's words.
//
// Source: spec/job.md 1.11; spec/jobset.md 1 (additionalPrinterColumns of the CRD); spec/apiserver.md 7. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/batch.h"
#include "model/jobset.h"

namespace reprieve::model {

// Headers and cells stand in the same order, the name first.
std::vector<std::string_view> JobColumns();
std::vector<std::string> JobCells(const batch::Job& job, Time now);
std::vector<std::string_view> JobSetColumns();
std::vector<std::string> JobSetCells(const jobset::JobSet& jobset, Time now);

// Of an age or a duration, in whole seconds: 45s, 3m20s, 15m, 2h5m, 30h, 3d4h, 400d, 3y40d.
std::string PrinterDuration(Nanoseconds duration);

}  // namespace reprieve::model
