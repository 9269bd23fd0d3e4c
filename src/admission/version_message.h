// What is said of a field or value that a server of one version does not serve.
//
// Internal to the module. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <string>

#include "model/versions.h"

namespace reprieve::admission {

// Where a field stands: of a Job, or of a Job template in a JobSet.
enum class Owner : std::uint8_t { kObject, kJobsOfJobSet };

// REQUIRES: !served. `treatment`: what becomes of it, which for a JobSet's Jobs may differ from the row's.
std::string VersionMessage(const model::VersionRow& row, int minor, Owner owner, model::Treatment treatment);

// A field of Job templates that JobSet's definition does not have.
std::string TypesMessage(const model::VersionRow& row, model::JobSetVersion jobset);

}  // namespace reprieve::admission
