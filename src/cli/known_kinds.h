// The kinds of objects that manifests may hold here, and what to say of others.
//
// Pure; safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "document/value.h"
#include "model/schema.h"

namespace reprieve::cli {

// "batch/v1 Job, batch/v1 CronJob, ... or v1 PersistentVolumeClaim".
std::string ExpectedKinds();

// One that we read, of whatever group it is said to be.
bool IsKnownKind(std::string_view kind);

// Advice on a kind that is none of them; empty if none is near. Kinds are spelt with their capitals, and with their
// apiVersion.
std::string NearestKind(const std::string& version, const std::string& kind);

// The type of an object by its kind. REQUIRES: the kind is known here.
const model::Message& MessageOf(const document::Value& object);

}  // namespace reprieve::cli
