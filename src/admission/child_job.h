// The Jobs that other objects make from their templates, as their controllers ask an API server for them; for those who
// want to know beforehand whether it would refuse one.
//
// Source: spec/jobset.md 2. Pure; safe from any thread.
#pragma once

#include <cstddef>
#include <string>

#include "document/value.h"

namespace reprieve::admission {

// The Job of a template such as a CronJob's, without a namespace.
document::Value JobOfTemplate(document::Value job_template, std::string name);

// A Job of the replicated job at `index` of an admitted JobSet. The JobSet's claims are volumes of its pods; of which
// kind does not matter for what a server says.
document::Value ChildJob(const document::Value& jobset, std::size_t index, std::string name);

}  // namespace reprieve::admission
