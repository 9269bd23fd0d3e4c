#!/usr/bin/env bash
# Guess: a schedule previewed with a well-kept cron library is the schedule that a CronJob has; "0 0 */2 * 1" means
#   the same everywhere.
# Really: all agree that a day of month and a day of week which are both restricted are joined by OR. Whether "*/2" is
#   such a restriction they don't agree on. For CronJobs it is: every odd day, and Mondays. For a library that follows
#   Debian's cron a field that begins with a star is not: odd days that are Mondays, three in a month instead of seventeen.
#   "*/1", which restricts nothing, still counts as a star for both; "1-31" for neither, so that it fires daily.
# Version: github.com/robfig/cron/v3 3.0.1 (which the CronJob controller of Kubernetes 1.37 uses), Python's cronsim 2.8
# Source: getRange of the one, where a step above 1 drops the star; the other's README, which aims at Debian's cron
# Why it matters: a preview, or a crontab line moved into a CronJob, promises a few runs a month; the cluster runs most
#   days. Restrict one of the two fields only, and decide the other in the program.
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
	"fmt"
	"os"
	"time"

	"github.com/robfig/cron/v3"
)

func main() {
	for _, line := range os.Args[1:] {
		schedule, err := cron.ParseStandard(line)
		if err != nil {
			panic(err)
		}
		runs := 0
		for t := time.Date(2026, 5, 31, 23, 59, 0, 0, time.UTC); ; runs++ {
			if t = schedule.Next(t); t.Month() != time.June {
				break
			}
		}
		fmt.Printf("%s: CronJob %d\n", line, runs)
	}
}
GO
cat >preview.py <<'PY'
import datetime, itertools, sys
from cronsim import CronSim

for line in sys.argv[1:]:
    june = itertools.takewhile(lambda t: t.month == 6, CronSim(line, datetime.datetime(2026, 5, 31, 23, 59)))
    print(f"{line}: cronsim {len(list(june))}")
PY
{ go mod init finding && go get github.com/robfig/cron/v3@v3.0.1 && go build -o probe .; } >log 2>&1 ||
  { tail -3 log; cannot "the Go modules can't be fetched or built"; }
{ python3 -m venv venv && venv/bin/pip install cronsim==2.8; } >log 2>&1 ||
  { tail -3 log; cannot "the Python package can't be installed"; }

echo "runs in June 2026, which has 5 Mondays and 15 odd days"
lines=("0 0 * * 1" "0 0 */1 * 1" "0 0 */2 * 1" "0 0 1-31 * 1")
{ ./probe "${lines[@]}"; venv/bin/python preview.py "${lines[@]}"; } | tee seen
diff - seen <<'END' || { echo "changed: expected the lines marked <"; exit 1; }
0 0 * * 1: CronJob 5
0 0 */1 * 1: CronJob 5
0 0 */2 * 1: CronJob 17
0 0 1-31 * 1: CronJob 30
0 0 * * 1: cronsim 5
0 0 */1 * 1: cronsim 5
0 0 */2 * 1: cronsim 3
0 0 1-31 * 1: cronsim 30
END
