// What users ask of an API server about Jobs and JobSets that are there: suspend, resume, scale, delete.
//
// Each goes through admission like a patch of kubectl's. On the engine's thread; an error is the server's refusal.
#pragma once

#include <string_view>

#include "base/result.h"
#include "document/value.h"
#include "store/store.h"
#include "world/incident.h"

namespace reprieve::store {

// A JSON merge patch. REQUIRES: `subject` exists.
Status PatchAsUser(Store& store, const world::Subject& subject, const document::Value& patch, Time now);

Status SetSuspend(Store& store, const world::Subject& subject, bool suspend, Time now);
Status SetParallelism(Store& store, const meta::ObjectKey& job, std::int32_t parallelism, Time now);
// In the background, as kubectl does it.
Status DeleteAsUser(Store& store, const world::Subject& subject);

// An incident that a user causes (world/incident.h): what came of it. REQUIRES: it names an owner.
world::IncidentOutcome ApplyToOwner(Store& store, const world::Incident& incident, Time now);

}  // namespace reprieve::store
