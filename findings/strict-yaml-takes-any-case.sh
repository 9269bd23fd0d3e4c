#!/usr/bin/env bash
# Guess: a Go tool that reads a manifest with UnmarshalStrict refuses what a strict API server refuses; a check in CI that
#   passes means that no field is lost.
# Really: the YAML library that nearly all Kubernetes tools use hands over to Go's JSON decoder, which takes a field's
#   name in any case, strict or not: `backofflimit: 0` is backoffLimit. The API server's decoder is case-sensitive:
#   strict, it refuses the field; else it drops it with a warning, and the Job has its default of 6 retries. Where both
#   spellings are there, the library calls it no duplicate, and the one that sorts last by bytes wins.
# Version: sigs.k8s.io/yaml 1.6.0; sigs.k8s.io/json as of k8s.io/apimachinery 0.37.2; k8s.io/api 0.37.2
# Source: Go's encoding/json, which the YAML library calls; sigs.k8s.io/json, which exists for this difference
# Why it matters: the tool computes with 0 retries, the cluster runs 6. Validate with the server's decoder (a server-side
#   dry run, or sigs.k8s.io/json), not with the YAML library's strict mode.
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

	batchv1 "k8s.io/api/batch/v1"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

func limit(job batchv1.Job) string {
	if job.Spec.BackoffLimit == nil {
		return "absent"
	}
	return fmt.Sprint(*job.Spec.BackoffLimit)
}

func main() {
	for _, spec := range []string{"{backofflimit: 0}", "{backoffLimit: 3, backofflimit: 0}", "{backoffLimit: 3, BACKOFFLIMIT: 0}", "{backoffLimits: 0}"} {
		text := []byte("spec: " + spec)
		var tool, server batchv1.Job
		toolErr := yaml.UnmarshalStrict(text, &tool)
		object, err := yaml.YAMLToJSON(text)
		if err != nil {
			panic(err)
		}
		strict, err := kjson.UnmarshalStrict(object, &server)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s\n  yaml library: backoffLimit %s, refused %t\n  API server:   backoffLimit %s, refused %t\n", spec, limit(tool), toolErr != nil, limit(server), len(strict) > 0)
	}
}
GO
{ go mod init finding && go get sigs.k8s.io/yaml@v1.6.0 k8s.io/api@v0.37.2 k8s.io/apimachinery@v0.37.2 &&
  go build -o probe .; } >log 2>&1 || { tail -3 log; cannot "the Go modules can't be fetched or built"; }

./probe | tee seen
diff - seen <<'END' || { echo "changed: expected the lines marked <"; exit 1; }
{backofflimit: 0}
  yaml library: backoffLimit 0, refused false
  API server:   backoffLimit absent, refused true
{backoffLimit: 3, backofflimit: 0}
  yaml library: backoffLimit 0, refused false
  API server:   backoffLimit 3, refused true
{backoffLimit: 3, BACKOFFLIMIT: 0}
  yaml library: backoffLimit 3, refused false
  API server:   backoffLimit 3, refused true
{backoffLimits: 0}
  yaml library: backoffLimit absent, refused true
  API server:   backoffLimit absent, refused true
END
