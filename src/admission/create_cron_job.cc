// CronJobs: decoded into Go structures; nothing is generated, for the Jobs are made later.
#include "admission/admission_kinds.h"
#include "admission/create_strategy.h"
#include "admission/default.h"
#include "admission/server_behaviour.h"
#include "admission/validation/cron_job.h"
#include "admission/warnings.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr CreateRules kRules = {
    .kind = {{"CronJob", "CronJob.batch", "cronjobs.batch", "cronjobs"}, "batch", "v1", "batch/v1.CronJob"},
    .set_defaults = DefaultCronJob,
    .prepare =
        [](Value& cron_job) {
          cron_job.Set("status", Value::MakeObject());
          DropDisabledFields(cron_job.At("spec").At("jobTemplate").At("spec").At("template"));
        },
    .validate =
        [](const Value& cron_job, const Request& request, FieldErrors& errors) {
          ValidateCronJobCreate(cron_job, BehaviourOf(request.version), request.has_time_zone, errors);
        },
    .warnings = CronJobWarnings,
};

}  // namespace

Answer CreateCronJob(const Value& body, const Request& request) {
  return CreateByRules(kRules, body, request);
}

}  // namespace reprieve::admission
