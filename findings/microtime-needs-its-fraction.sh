#!/usr/bin/env bash
# Guess: where the API takes a time with microseconds (renewTime of a Lease, eventTime of an Event), it takes any
#   RFC 3339 time, as it does everywhere else; and what the official Python client sends is always accepted.
# Really: MicroTime takes exactly six digits after the second: none, three or nine are refused with 400. Time, the type of
#   all other fields, takes any number. Python prints a datetime with zero microseconds without the fraction, and the
#   client sends it as printed: a time of the clock fails once in a million, datetime(2026, 1, 1) always.
# Version: k8s.io/apimachinery 0.37.2 (kube-apiserver 1.37.2 answers the same), Python package kubernetes 37.0.2
# Source: UnmarshalJSON of metav1.MicroTime; sanitize_for_serialization of the client, which is isoformat()
# Why it matters: a test with a round time fails, and a lease that is renewed every two seconds meets the other case about
#   once in three weeks, when nobody can reproduce it. Send t.replace(microsecond=t.microsecond or 1).
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
cannot() { echo "can't be run here: $1" >&2; exit 2; }

command -v go >/dev/null || cannot "go is not installed"
command -v python3 >/dev/null || cannot "python3 is not installed"
export GOMODCACHE=$tmp/mod GOFLAGS="-mod=mod -modcacherw -trimpath"
cat >main.go <<'GO'
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func verdict(err error) string {
	if err != nil {
		return "refused"
	}
	return "taken"
}

func main() {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var micro metav1.MicroTime
		var second metav1.Time
		text := lines.Bytes()
		fmt.Printf("%s MicroTime %s, Time %s\n", text, verdict(json.Unmarshal(text, &micro)), verdict(json.Unmarshal(text, &second)))
	}
}
GO
cat >sends.py <<'PY'
import datetime, json
from kubernetes import client

for microsecond in (1, 0):
    renewed = datetime.datetime(2026, 1, 1, 0, 0, 0, microsecond, tzinfo=datetime.timezone.utc)
    lease = client.V1Lease(spec=client.V1LeaseSpec(renew_time=renewed))
    print(json.dumps(client.ApiClient().sanitize_for_serialization(lease)["spec"]["renewTime"]))
PY
{ go mod init finding && go get k8s.io/apimachinery@v0.37.2 && go build -o probe .; } >log 2>&1 ||
  { tail -3 log; cannot "the Go modules can't be fetched or built"; }
{ python3 -m venv venv && venv/bin/pip install kubernetes==37.0.2; } >log 2>&1 ||
  { tail -3 log; cannot "the Python package can't be installed"; }

{ venv/bin/python sends.py; printf '"2026-01-01T00:00:00%sZ"\n' .123 .123456 .123456789; } >times
./probe <times | tee seen
diff - seen <<'END' || { echo "changed: expected the lines marked <"; exit 1; }
"2026-01-01T00:00:00.000001+00:00" MicroTime taken, Time taken
"2026-01-01T00:00:00+00:00" MicroTime refused, Time taken
"2026-01-01T00:00:00.123Z" MicroTime refused, Time taken
"2026-01-01T00:00:00.123456Z" MicroTime taken, Time taken
"2026-01-01T00:00:00.123456789Z" MicroTime refused, Time taken
END
