// What the API server warns about without refusing it.
//
// Source: spec/job.md 1.7 (Warnings); the `warnings` of the recordings. Works on defaulted objects.
// Pure; safe from any thread.
#pragma once

#include <string>
#include <vector>

#include "document/value.h"

namespace reprieve::admission {

// Of a Job that is created.
std::vector<std::string> JobWarnings(const document::Value& job);
// Of an update that changes the Job's specification.
std::vector<std::string> JobSpecWarnings(const document::Value& job);
// Of the pod template alone; `path` is spec.template for a Job.
void AppendPodTemplateWarnings(const document::Value& pod_template, const std::string& path,
                               std::vector<std::string>& out);

}  // namespace reprieve::admission
