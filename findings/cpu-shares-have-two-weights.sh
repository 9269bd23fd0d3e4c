#!/usr/bin/env bash
# Guess: 1024 shares (one CPU), the default of cgroup v1, become 100, the default weight of cgroup v2, and a patch release
#   of the runtimes' library would not change how.
# Really: up to 0.0.2 of the library the shares are mapped linearly, and 1024 become 39, so that the container gets
#   less than half of the time of a plain service beside it, whose weight is 100. From 0.0.3 on the map is curved
#   through 1024 -> 100. Small requests gain most: 102 shares (100m of CPU) go from 4 to 17.
# Version: github.com/opencontainers/cgroups 0.0.2, 0.0.3 and 0.1.0 (runc 1.3.0 is built with 0.0.1, runc 1.4.0 with 0.0.6)
# Source: its ConvertCPUSharesToCgroupV2Value
# Why it matters: the ratio of two Jobs' CPU time under contention depends on the runtime, too: with requests of 100m
#   and 1 it is about 1:10 before and 1:6 after, and on nodes with different runtimes the members of a gang get different
#   parts of a busy node. Don't derive a time-out from another node's pace without measuring there.
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

	"github.com/opencontainers/cgroups"
)

func main() {
	for _, shares := range []uint64{2, 102, 512, 1024, 4096, 262144} {
		fmt.Printf(" %d:%d", shares, cgroups.ConvertCPUSharesToCgroupV2Value(shares))
	}
	fmt.Println()
}
GO
for version in v0.0.2 v0.0.3 v0.1.0; do
  rm -f go.mod go.sum
  { go mod init finding && go get "github.com/opencontainers/cgroups@$version" && go build -o probe .; } >log 2>&1 ||
    { tail -3 log; cannot "the Go modules can't be fetched or built"; }
  echo "$version shares:weight$(./probe)"
done | tee seen

diff - seen <<'END' || { echo "changed: expected the lines marked <"; exit 1; }
v0.0.2 shares:weight 2:1 102:4 512:20 1024:39 4096:157 262144:10000
v0.0.3 shares:weight 2:1 102:17 512:59 1024:100 4096:303 262144:10000
v0.1.0 shares:weight 2:1 102:17 512:59 1024:100 4096:303 262144:10000
END
