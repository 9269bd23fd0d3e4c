#!/usr/bin/env bash
# Guess: Go's regexp "is RE2", so a pattern that RE2 (its C++ library, its Python package) compiles is one that Go compiles,
#   and the other way round.
# Really: since Go 1.25 its \p{...} takes long names (Letter, Lowercase_Letter), any case (greek), and LC, Cn, ASCII and
#   Assigned; RE2 refuses all of these. RE2 takes \C (one byte) and group names beyond ASCII letters, which Go refuses.
#   What a Go program takes depends on the Go release that built it, not on its own version.
# Version: Go 1.25 or later; Python package google-re2 1.1.20251105
# Source: Go 1.25's release notes, regexp/syntax; RE2's syntax page
# Why it matters: onJobFailureMessagePatterns of a JobSet are compiled by the controller, in Go, and one that doesn't compile
#   matches nothing, silently. A pattern tested with an RE2 binding may be such a one, and one that works with the
#   controller's new release (0.12 is built with Go 1.26) may be refused by a checker. \p{L}, \pN and [[:alpha:]] work in both.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
cannot() { echo "can't be run here: $1" >&2; exit 2; }

command -v go >/dev/null || cannot "go is not installed"
command -v python3 >/dev/null || cannot "python3 is not installed"
export GOFLAGS=-trimpath
cat >go.mod <<'MOD'
module finding

go 1.25
MOD
cat >main.go <<'GO'
package main

import (
	"bufio"
	"fmt"
	"os"
	"regexp"
)

func main() {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		_, err := regexp.Compile(lines.Text())
		fmt.Println(err == nil)
	}
}
GO
cat >compiles.py <<'PY'
import sys
import re2

quiet = re2.Options()
quiet.log_errors = False
for line in sys.stdin:
    try:
        re2.compile(line.rstrip("\n"), quiet)
        print("true")
    except re2.error:
        print("false")
PY
go build -o probe . >log 2>&1 || { tail -3 log; cannot "Go 1.25 or later is needed"; }
{ python3 -m venv venv && venv/bin/pip install google-re2==1.1.20251105; } >log 2>&1 ||
  { tail -3 log; cannot "the Python package can't be installed"; }

cat >patterns <<'PATTERNS'
\p{L}
\p{Letter}
\p{Greek}
\p{greek}
\p{LC}
\p{Cn}
\p{ASCII}
[[:alpha:]]
\C
(?P<état>x)
PATTERNS
./probe <patterns >go.txt
venv/bin/python compiles.py <patterns >re2.txt
paste -d' ' patterns go.txt re2.txt | while read -r pattern go re2; do echo "$pattern: Go $go, RE2 $re2"; done | tee seen
diff - seen <<'END' || { echo "changed: expected the lines marked <"; exit 1; }
\p{L}: Go true, RE2 true
\p{Letter}: Go true, RE2 false
\p{Greek}: Go true, RE2 true
\p{greek}: Go true, RE2 false
\p{LC}: Go true, RE2 false
\p{Cn}: Go true, RE2 false
\p{ASCII}: Go true, RE2 false
[[:alpha:]]: Go true, RE2 true
\C: Go false, RE2 true
(?P<état>x): Go false, RE2 true
END
