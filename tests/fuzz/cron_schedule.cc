// The reader of schedules takes any text; what it accepts has only values that there are.
#include "model/cron_schedule.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using reprieve::model::CronField;
  const auto schedule = reprieve::model::ParseCronSchedule({reinterpret_cast<const char*>(data), size});
  if (!schedule.ok()) return 0;
  if (schedule->every) {
    if (schedule->every->count() < 1) std::abort();
    return 0;
  }
  struct Limits {
    const CronField& field;
    int first;
    int last;
  };
  for (const Limits& limits :
       {Limits{schedule->minute, 0, 59}, Limits{schedule->hour, 0, 23}, Limits{schedule->day_of_month, 1, 31},
        Limits{schedule->month, 1, 12}, Limits{schedule->day_of_week, 0, 6}}) {
    if ((limits.field.values >> limits.last) > 1) std::abort();
    if (limits.first == 1 && (limits.field.values & 1) != 0) std::abort();
  }
  return 0;
}
