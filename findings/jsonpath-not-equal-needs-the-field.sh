#!/usr/bin/env bash
# Guess: in kubectl's -o jsonpath, {.items[?(@.status.succeeded!=1)].metadata.name} names the Jobs that have not
#   succeeded, as the selector -l 'key!=value' names objects without the key, too.
# Really: a filter is false for every item without the field, whatever the operator. Counters that are 0 are not in the
#   JSON, so the Jobs one looks for, with no success at all, are just those left out; a Job with 2 successes is named. The
#   same holds for `<1` and `==0`. Numbers in quotes are an error, "incompatible types for comparison".
# Version: k8s.io/client-go 0.37.2 and k8s.io/apimachinery 0.37.2 (kubectl 1.37 filters with it)
# Source: evalFilter in its util/jsonpath
# Why it matters: a clean-up or alert script that asks for what has not succeeded sees nothing wrong. Ask for what is there
#   (a condition's type), use the label or field selector (status.successful!=1), or filter with jq.
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
	"bytes"
	"fmt"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/util/jsonpath"
)

func main() {
	var jobs any
	if err := json.Unmarshal([]byte(`{"items":[
		{"metadata":{"name":"none"},"status":{"failed":3}},
		{"metadata":{"name":"one"},"status":{"succeeded":1}},
		{"metadata":{"name":"two"},"status":{"succeeded":2}}]}`), &jobs); err != nil {
		panic(err)
	}
	fmt.Println("Jobs: none has no success, one has 1, two has 2")
	for _, filter := range []string{"!=1", "<1", "==0", ">=1", `!="1"`} {
		path := jsonpath.New("").AllowMissingKeys(true)
		if err := path.Parse("{.items[?(@.status.succeeded" + filter + ")].metadata.name}"); err != nil {
			panic(err)
		}
		var out bytes.Buffer
		if err := path.Execute(&out, jobs); err != nil {
			fmt.Printf("succeeded%s: error: %v\n", filter, err)
			continue
		}
		fmt.Printf("succeeded%s: [%s]\n", filter, out.String())
	}
	selector, err := labels.Parse("succeeded!=1")
	if err != nil {
		panic(err)
	}
	fmt.Println("the label selector succeeded!=1 matches an object without that label:", selector.Matches(labels.Set{}))
}
GO
{ go mod init finding && go get k8s.io/client-go@v0.37.2 k8s.io/apimachinery@v0.37.2 && go build -o probe .; } >log 2>&1 ||
  { tail -3 log; cannot "the Go modules can't be fetched or built"; }

./probe | tee seen
diff - seen <<'END' || { echo "changed: expected the lines marked <"; exit 1; }
Jobs: none has no success, one has 1, two has 2
succeeded!=1: [two]
succeeded<1: []
succeeded==0: []
succeeded>=1: [one two]
succeeded!="1": error: incompatible types for comparison
the label selector succeeded!=1 matches an object without that label: true
END
