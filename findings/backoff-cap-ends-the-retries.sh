#!/usr/bin/env bash
# Guess: wait.Backoff{Steps: 10, Duration: 1s, Factor: 2, Cap: 5s} waits 1, 2, 4, 5, 5, ... s and tries ten times, as
#   the cap of any other back-off does; and a jitter of 0 is no jitter.
# Really: the delay that would pass the cap is the last one: Steps is set to 0, and an operation that fails is tried three
#   times, not ten. Without a cap it is ten. wait.Jitter(d, 0) is not d but anything from d to 2d: a factor of 0 or less
#   counts as 1. (The Jitter field of Backoff is looked at before, and 0 there is none.)
# Version: k8s.io/apimachinery 0.37.2
# Source: delay and Jitter in its pkg/util/wait
# Why it matters: a controller or submitter made more patient by raising Steps gives up just as early, within seconds,
#   while the API server is away for a minute. Backoff.DelayFunc().Until(ctx, ...) keeps trying at the cap until ctx ends.
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
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

func attempts(cap time.Duration) (n int) {
	backoff := wait.Backoff{Steps: 10, Duration: time.Millisecond, Factor: 2, Cap: cap}
	_ = wait.ExponentialBackoff(backoff, func() (bool, error) { n++; return false, nil })
	return n
}

func main() {
	backoff := wait.Backoff{Steps: 10, Duration: time.Second, Factor: 2, Cap: 5 * time.Second}
	fmt.Print("delays of 10 steps from 1s, cap 5s:")
	for backoff.Steps > 0 {
		fmt.Print(" ", backoff.Step())
	}
	fmt.Println()
	fmt.Println("attempts of 10 steps from 1ms, cap 5ms:", attempts(5*time.Millisecond))
	fmt.Println("attempts of 10 steps from 1ms, no cap:", attempts(0))

	untilDone := 0
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_ = wait.Backoff{Steps: 10, Duration: time.Millisecond, Factor: 2, Cap: 5 * time.Millisecond}.DelayFunc().Until(ctx, true, false,
		func(context.Context) (bool, error) { untilDone++; return untilDone == 30, nil })
	fmt.Println("attempts of Until, the same back-off, with success at the 30th:", untilDone)

	longest := time.Duration(0)
	for range 1000 {
		longest = max(longest, wait.Jitter(10*time.Second, 0))
	}
	fmt.Println("the longest of 1000 waits of 10s with a jitter of 0 is above 15s:", longest > 15*time.Second)
}
GO
{ go mod init finding && go get k8s.io/apimachinery@v0.37.2 && go build -o probe .; } >log 2>&1 ||
  { tail -3 log; cannot "the Go modules can't be fetched or built"; }

./probe | tee seen
diff - seen <<'END' || { echo "changed: expected the lines marked <"; exit 1; }
delays of 10 steps from 1s, cap 5s: 1s 2s 4s
attempts of 10 steps from 1ms, cap 5ms: 3
attempts of 10 steps from 1ms, no cap: 10
attempts of Until, the same back-off, with success at the 30th: 30
the longest of 1000 waits of 10s with a jitter of 0 is above 15s: true
END
