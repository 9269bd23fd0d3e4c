// The API server's answer to the creation of what stands beside Jobs in a manifest: CronJobs, Pods, Services, claims.
//
// Source: the answers of kube-apiserver 1.37.2 in tests/vectors (cron_jobs.yaml, pods.yaml, services.yaml,
// claims.yaml). As CreateJob of admission/admission.h. Pure; safe from any thread.
#pragma once

#include "admission/admission.h"

namespace reprieve::admission {

[[nodiscard]] Answer CreateCronJob(const document::Value& body, const Request& request);
[[nodiscard]] Answer CreatePod(const document::Value& body, const Request& request);
[[nodiscard]] Answer CreateService(const document::Value& body, const Request& request);
[[nodiscard]] Answer CreateClaim(const document::Value& body, const Request& request);

}  // namespace reprieve::admission
