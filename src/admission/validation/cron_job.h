// Validation of CronJobs, in the API server's order and words: what a create may say.
//
// Source: the answers in tests/vectors/cron_jobs.yaml. Works on defaulted objects, held or printed (model/decode.h).
// Pure but for `has_time_zone`; safe from any thread.
#pragma once

#include "admission/server_behaviour.h"
#include "admission/validation/errors.h"
#include "model/time_zones.h"

namespace reprieve::admission {

void ValidateCronJobCreate(const document::Value& cron_job, const ServerBehaviour& server,
                           const model::HasTimeZone& has_time_zone, FieldErrors& errors);

}  // namespace reprieve::admission
