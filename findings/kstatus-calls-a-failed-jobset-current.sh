#!/usr/bin/env bash
# Guess: the status library with which deployment tools wait ("is it ready?") calls a Job ready once it has
#   completed, and any object with the condition Failed=True failed.
# Really: a JobSet is ready from the moment it exists, and stays so with Failed=True: of a kind that the library
#   does not know it reads Ready, Reconciling and Stalled only. A Job is ready as soon as it has a start time,
#   with any number of failed pods, and even with FailureTarget=True, when its end is decided; only Complete and
#   Failed are read. A suspended Job, which is waiting as it should, is in progress.
# Version: sigs.k8s.io/cli-utils 0.37.2
# Source: its pkg/kstatus/status, checkGenericProperties and jobConditions
# Why it matters: a pipeline that applies and waits goes on although the JobSet has failed. Wait for the condition
#   itself (Completed or Failed of a JobSet, Complete or Failed of a Job).
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
cannot() { echo "can't be run here: $1" >&2; exit 2; }

command -v go >/dev/null || cannot "go is not installed"
export GOMODCACHE=$tmp/mod GOFLAGS="-mod=mod -modcacherw -trimpath"
cat >main.go <<'GO'
package main

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

func main() {
	const jobset, job = `"apiVersion":"jobset.x-k8s.io/v1alpha2","kind":"JobSet"`, `"apiVersion":"batch/v1","kind":"Job"`
	const started = `"startTime":"2026-01-01T00:00:00Z"`
	for _, c := range []struct{ what, object string }{
		{"JobSet without a status", jobset + `,"status":{}`},
		{"JobSet with Failed=True", jobset + `,"status":{"terminalState":"Failed","conditions":[{"type":"Failed","status":"True"}]}`},
		{"Job without a status", job + `,"status":{}`},
		{"Job that is suspended", job + `,"status":{"conditions":[{"type":"Suspended","status":"True"}]}`},
		{"Job with 5 failed pods", job + `,"status":{` + started + `,"active":1,"failed":5}`},
		{"Job with FailureTarget=True", job + `,"status":{` + started + `,"failed":5,"conditions":[{"type":"FailureTarget","status":"True"}]}`},
		{"Job with Failed=True", job + `,"status":{` + started + `,"failed":5,"conditions":[{"type":"Failed","status":"True"}]}`},
	} {
		u := &unstructured.Unstructured{}
		if err := u.UnmarshalJSON([]byte(`{"metadata":{"name":"x","generation":1},` + c.object + `}`)); err != nil {
			panic(err)
		}
		result, err := status.Compute(u)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s: %s\n", c.what, result.Status)
	}
}
GO
{ go mod init finding && go get sigs.k8s.io/cli-utils@v0.37.2 && go build -o probe .; } >log 2>&1 ||
  { tail -3 log; cannot "the Go modules can't be fetched or built"; }

./probe | tee seen
diff - seen <<'END' || { echo "changed: expected the lines marked <"; exit 1; }
JobSet without a status: Current
JobSet with Failed=True: Current
Job without a status: InProgress
Job that is suspended: InProgress
Job with 5 failed pods: Current
Job with FailureTarget=True: Current
Job with Failed=True: Failed
END
