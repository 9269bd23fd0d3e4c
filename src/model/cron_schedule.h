// The schedule of a CronJob, as kube-apiserver and the CronJob controller read it: five fields, a descriptor (@daily)
// or an interval (@every 90m).
//
// Source: documentation of github.com/robfig/cron/v3 (its standard parser), whose errors are given word for word;
// answers of kube-apiserver 1.37.2 in tests/vectors/cron_jobs.yaml. Pure but for `has_time_zone`; safe from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/time_zones.h"

namespace reprieve::model {

// The values of one field that match: bit n stands for n.
struct CronField {
  std::uint64_t values = 0;
  // Written with * or ? and a step of one. A day must match both of its fields if one of them is so, else either.
  bool any = false;
};

struct CronSchedule {
  // Present: from one run to the next, in whole seconds; the fields mean nothing.
  std::optional<std::chrono::seconds> every;
  CronField minute;        // 0 to 59
  CronField hour;          // 0 to 23
  CronField day_of_month;  // 1 to 31
  CronField month;         // 1 to 12
  CronField day_of_week;   // 0 to 6, from Sunday
  // Of a prefix TZ= or CRON_TZ=; stored schedules may have one, new ones may not.
  std::optional<std::string> time_zone;
};

[[nodiscard]] Result<CronSchedule> ParseCronSchedule(std::string_view text, const HasTimeZone& has_time_zone = {});

}  // namespace reprieve::model
