#!/usr/bin/env bash
# Guess: the pod template and spec of a Job that works can be put into a JobSet; and a JobSet whose Jobs could never be
#   created is refused when it is applied, since its webhook checks them.
# Really: the webhook fills in completionMode Indexed and restartPolicy OnFailure, but never asks whether the result is a valid
#   Job. A Job with `parallelism: 4` alone is a work queue; in a JobSet it is Indexed, and Indexed wants completions. A
#   podFailurePolicy wants restartPolicy Never, and the one that a JobSet fills in is another. Even a negative backoffLimit
#   passes. All of them are admitted without a warning, and each Job is refused afterwards, on every attempt.
# Version: sigs.k8s.io/jobset 0.11.0 (its webhook's Default and ValidateCreate), k8s.io/kubernetes 1.37.2 (defaults and
#   ValidateJobCreate of batch/v1); kube-apiserver 1.37.2 refuses the Jobs with the same words
# Source: jobset's pkg/webhooks/jobset_webhook.go; pkg/apis/batch/validation
# Why it matters: `kubectl apply` says created, and nothing starts; the reason stands in the JobSet's events only. Write
#   completionMode, completions and restartPolicy out in every replicated job.
# It compiles JobSet's controller and Kubernetes' validation: some 5 minutes on 2 cores, 2 GB, the first time.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
cannot() { echo "can't be run here: $1" >&2; exit 2; }

command -v go >/dev/null || cannot "go is not installed"
export GOMODCACHE=$tmp/mod GOFLAGS="-mod=mod -modcacherw -trimpath"
mkdir jobset job
cat >jobset/main.go <<'GO'
// Reads a Job's spec, puts it into a JobSet, and prints the spec that its Job is made from.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	jobset "sigs.k8s.io/jobset/api/jobset/v1alpha2"
	"sigs.k8s.io/jobset/pkg/webhooks"
)

func main() {
	replicated := jobset.ReplicatedJob{Name: "workers", GroupName: "default", Replicas: 1}
	if err := json.NewDecoder(os.Stdin).Decode(&replicated.Template.Spec); err != nil {
		panic(err)
	}
	js := &jobset.JobSet{}
	js.Name, js.Spec.ReplicatedJobs = "train", []jobset.ReplicatedJob{replicated}
	webhook, err := webhooks.NewJobSetWebhook(nil)
	if err != nil {
		panic(err)
	}
	if err := webhook.Default(context.Background(), js); err != nil {
		panic(err)
	}
	warnings, err := webhook.ValidateCreate(context.Background(), js)
	fmt.Fprintln(os.Stderr, "  the JobSet: warnings", warnings, "error", err)
	if err := json.NewEncoder(os.Stdout).Encode(js.Spec.ReplicatedJobs[0].Template.Spec); err != nil {
		panic(err)
	}
}
GO
cat >job/main.go <<'GO'
// Reads a Job's spec and prints what the API server's validation says.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubernetes/pkg/apis/batch"
	internal "k8s.io/kubernetes/pkg/apis/batch/v1"
	"k8s.io/kubernetes/pkg/apis/batch/validation"
)

func main() {
	var stored batchv1.Job
	if err := json.NewDecoder(os.Stdin).Decode(&stored.Spec); err != nil {
		panic(err)
	}
	manual, pods := true, map[string]string{"of": "train"} // else a uid would have to be generated
	stored.Name, stored.Namespace, stored.Spec.ManualSelector = "train", "default", &manual
	stored.Spec.Selector, stored.Spec.Template.Labels = &metav1.LabelSelector{MatchLabels: pods}, pods

	scheme := runtime.NewScheme()
	if err := internal.AddToScheme(scheme); err != nil {
		panic(err)
	}
	scheme.Default(&stored)
	var job batch.Job
	if err := internal.Convert_v1_Job_To_batch_Job(&stored, &job, nil); err != nil {
		panic(err)
	}
	if errs := validation.ValidateJobCreate(&job, validation.JobValidationOptions{}); len(errs) > 0 {
		fmt.Printf("  %s: refused: %v\n", os.Args[1], errs.ToAggregate())
		return
	}
	fmt.Printf("  %s: valid\n", os.Args[1])
}
GO
(cd jobset && go mod init finding && go get sigs.k8s.io/jobset@v0.11.0 && go build -o probe .) >log 2>&1 ||
  { tail -3 log; cannot "JobSet's modules can't be fetched or built"; }
(
  cd job && go mod init finding && go mod download k8s.io/kubernetes@v1.37.2
  # Kubernetes' go.mod points to its own staging folders; the same modules are published as 0.37.2.
  awk '$2 == "=>" && $3 ~ /staging/ {print $1}' "$GOMODCACHE/k8s.io/kubernetes@v1.37.2/go.mod" |
    while read -r module; do go mod edit -replace "$module=$module@v0.37.2"; done
  go get k8s.io/kubernetes@v1.37.2 && go build -o probe .
) >log 2>&1 || { tail -3 log; cannot "Kubernetes' modules can't be fetched or built"; }

try() {
  echo "$1"
  job/probe "as a Job" <<<"$2"
  jobset/probe <<<"$2" 2>&1 >spec
  job/probe "its Job" <spec
}
containers='"containers":[{"name":"main","image":"i"}]'
{
  try "parallelism alone" '{"parallelism":4,"template":{"spec":{"restartPolicy":"Never",'"$containers"'}}}'
  try "a pod failure policy without a restartPolicy" '{"completions":4,"parallelism":4,"podFailurePolicy":{"rules":[
    {"action":"FailJob","onExitCodes":{"operator":"In","values":[42]}}]},"template":{"spec":{'"$containers"'}}}'
  try "a negative backoffLimit" '{"completions":4,"parallelism":4,"backoffLimit":-1,"template":{"spec":{"restartPolicy":"Never",'"$containers"'}}}'
} | tee seen
diff - seen <<'END' || { echo "changed: expected the lines marked <"; exit 1; }
parallelism alone
  as a Job: valid
  the JobSet: warnings [] error <nil>
  its Job: refused: spec.completions: Required value: when completion mode is Indexed
a pod failure policy without a restartPolicy
  as a Job: refused: spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"
  the JobSet: warnings [] error <nil>
  its Job: refused: spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified
a negative backoffLimit
  as a Job: refused: spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0
  the JobSet: warnings [] error <nil>
  its Job: refused: spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0
END
