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
// Of a CronJob that is created.
std::vector<std::string> CronJobWarnings(const document::Value& cron_job);
// Of an update that changes the Job's specification.
std::vector<std::string> JobSpecWarnings(const document::Value& job);
// Of a Pod that is created.
std::vector<std::string> PodWarnings(const document::Value& pod);
// Of a Service that is created.
std::vector<std::string> ServiceWarnings(const document::Value& service);
// Of a PersistentVolumeClaim that is created.
std::vector<std::string> ClaimWarnings(const document::Value& claim);
// Of a Pod's annotations for AppArmor: a server says that before all else.
void AppendAppArmorWarnings(const document::Value& pod, std::vector<std::string>& out);
// Of the pod template alone; `path` is spec.template for a Job, empty for a pod.
void AppendPodTemplateWarnings(const document::Value& pod_template, const std::string& path,
                               std::vector<std::string>& out);

}  // namespace reprieve::admission
