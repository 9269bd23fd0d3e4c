// Defaulting: what the API server fills in that nobody wrote. Each function may run again without changing more.
//
// Source: spec/job.md 1.4, 10.1; `created` in the recorded histories. Works on held objects (model/decode.h) in
// place. Pure; safe from any thread.
#pragma once

#include "document/value.h"

namespace reprieve::admission {

// A Job; runs at each decoding, also from the store.
void DefaultJob(document::Value& job);
// A CronJob. Its Jobs get the rest when they are made.
void DefaultCronJob(document::Value& cron_job);
// A pod template or a pod's spec: containers, volumes, probes, policies.
void DefaultPodTemplate(document::Value& pod_template);
void DefaultPodSpec(document::Value& spec);
// A Pod that is being created: also requests from limits, service links, and the two tolerations of five minutes that
// admission adds.
void DefaultPod(document::Value& pod);

// Limits and requests: quantities count in whole thousandths.
void RoundResources(document::Value& resources);
// A PersistentVolumeClaim.
void DefaultClaim(document::Value& claim);
// Of a claim that is being created, dataSource and dataSourceRef say the same; what is ignored is taken out.
void UnifyDataSources(document::Value& spec);

// A Service; and of one that is being created, what a server fills in before it gives out addresses.
void DefaultService(document::Value& service);
void DefaultServiceAddresses(document::Value& spec);

// Takes out a container's stop signal, whose feature gate is off, and a lifecycle that held nothing else; and the
// annotations that init containers once were.
void DropDisabledFields(document::Value& pod_template);

}  // namespace reprieve::admission
