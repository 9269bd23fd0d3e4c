// Defaulting: what the API server fills in that nobody wrote. Each function may run again without changing more.
//
// Source: spec/job.md 1.4, 10.1; `created` in the recorded histories. Works on held objects (model/decode.h) in
// place. Pure; safe from any thread.
#pragma once

#include "document/value.h"

namespace reprieve::admission {

// A Job; runs at each decoding, also from the store.
void DefaultJob(document::Value& job);
// A pod template or a pod's spec: containers, volumes, probes, policies.
void DefaultPodTemplate(document::Value& pod_template);
void DefaultPodSpec(document::Value& spec);
// A Pod that is being created: also requests from limits, service links, and the two tolerations of five minutes that
// admission adds.
void DefaultPod(document::Value& pod);

// Takes out a container's stop signal, whose feature gate is off, and a lifecycle that held nothing else; and the
// annotations that init containers once were.
void DropDisabledFields(document::Value& pod_template);

}  // namespace reprieve::admission
