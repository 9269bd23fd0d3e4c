#include "admission/validation/cron_job.h"

#include <algorithm>

#include "admission/validation/job.h"
#include "admission/validation/object_meta.h"
#include "admission/validation/pod.h"
#include "admission/validation/pod_parts.h"
#include "base/text.h"
#include "model/cron_schedule.h"

namespace reprieve::admission {

using document::Value;

namespace {

// Eleven characters are left for the time that a Job's name ends with.
constexpr std::size_t kMaxName = 52;
constexpr std::size_t kMaxTimeZonePart = 14;

void ValidateSchedule(const std::string& schedule, const model::HasTimeZone& has_time_zone, const FieldPath& path,
                      FieldErrors& errors) {
  if (schedule.empty()) return;
  const auto parsed = model::ParseCronSchedule(schedule, has_time_zone);
  if (!parsed.ok()) errors.Invalid(path, Shown(schedule), parsed.error().message);
  // Wherever it stands.
  if (schedule.find("TZ") != std::string::npos) {
    errors.Invalid(path, Shown(schedule), "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
  }
}

bool IsTimeZonePart(std::string_view part) {
  return !part.empty() && part.size() <= kMaxTimeZonePart && part != "." && part != ".." && part.front() != '-' &&
         std::all_of(part.begin(), part.end(),
                     [](char c) { return IsAlnum(c) || std::string_view(".-_+").find(c) != std::string_view::npos; });
}

void ValidateTimeZone(const Value& time_zone, const model::HasTimeZone& has_time_zone, const FieldPath& path,
                      FieldErrors& errors) {
  if (time_zone.IsNull()) return;
  const std::string& name = time_zone.AsText();
  if (name.empty()) return errors.Invalid(path, Shown(name), "timeZone must be nil or non-empty string");
  const auto parts = Split(name, '/');
  if (!std::all_of(parts.begin(), parts.end(), IsTimeZonePart)) {
    return errors.Invalid(path, Shown(name), Cat("unknown time zone ", name));
  }
  if (ToLower(name) == "local") {
    errors.Invalid(path, Shown(name),
                   "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
  }
  if (const auto fault = model::TimeZoneFault(name, has_time_zone)) errors.Invalid(path, Shown(name), *fault);
}

// The server asks for it after all else.
void ValidateHasSchedule(const Value& spec, const FieldPath& path, FieldErrors& errors) {
  if (spec["schedule"].AsText().empty()) errors.Required(path / "schedule");
}

void ValidateSpec(const Value& spec, const FieldPath& path, const ServerBehaviour& server,
                  const model::HasTimeZone& has_time_zone, FieldErrors& errors) {
  ValidateSchedule(spec["schedule"].AsText(), has_time_zone, path / "schedule", errors);
  ValidateNonNegative(spec["startingDeadlineSeconds"], path / "startingDeadlineSeconds", errors);
  ValidateTimeZone(spec["timeZone"], has_time_zone, path / "timeZone", errors);
  ValidateChoice(spec["concurrencyPolicy"], {"Allow", "Forbid", "Replace"}, path / "concurrencyPolicy", errors);
  ValidateJobTemplate(spec["jobTemplate"]["spec"], path / "jobTemplate" / "spec", RulesForCreate(server), errors);
  ValidateNonNegative(spec["successfulJobsHistoryLimit"], path / "successfulJobsHistoryLimit", errors);
  ValidateNonNegative(spec["failedJobsHistoryLimit"], path / "failedJobsHistoryLimit", errors);
}

}  // namespace

void ValidateCronJobCreate(const Value& cron_job, const ServerBehaviour& server,
                           const model::HasTimeZone& has_time_zone, FieldErrors& errors) {
  const FieldPath path("metadata");
  ValidateMeta(cron_job["metadata"], NameRule::kSubdomain, path, server, errors);
  ValidateStandardFinalizers(cron_job["metadata"], path, errors);
  ValidateSpec(cron_job["spec"], FieldPath("spec"), server, has_time_zone, errors);
  const std::string& name = cron_job["metadata"]["name"].AsText();
  if (name.size() > kMaxName) {
    errors.Invalid(path / "name", Shown(name), Cat("must be no more than ", kMaxName, " characters"));
  }
  ValidateHasSchedule(cron_job["spec"], FieldPath("spec"), errors);
}

}  // namespace reprieve::admission
