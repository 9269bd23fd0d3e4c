#!/usr/bin/env bash
# Guess: a label is text, and a selector knows =, !=, in, notin and existence, as kubectl's help says: there is no way to
#   ask for the pods of an Indexed Job from index 10 on, and `>` would be an error, or compare text (9 above 10).
# Really: in a selector given as text (kubectl -l, a list's or watch's labelSelector) `>` and `<` compare whole numbers. An
#   object without the label, or with other text in it, doesn't match. There is no `>=`, and a number must follow. The
#   same selector as an object (matchExpressions of a Job's selector or of pod affinity) has no such operators.
# Version: k8s.io/apimachinery 0.37.2; kube-apiserver 1.37.2 answers
#   `kubectl get pods -l 'batch.kubernetes.io/job-completion-index>1'` so
# Source: Parse and Requirement.Matches of its pkg/labels; LabelSelectorAsSelector of its pkg/apis/meta/v1
# Why it matters: a window of a big Indexed Job's pods can be listed, watched or deleted by the server, with no list of
#   thousands of names in `in (...)`.
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

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

func main() {
	for _, text := range []string{"index>9", "index>9,index<100", "index>=9", "index>nine"} {
		selector, err := labels.Parse(text)
		if err != nil {
			fmt.Println(text+": refused")
			continue
		}
		fmt.Print(text + ":")
		for _, value := range []string{"8", "9", "10", "100", "ten", ""} {
			if selector.Matches(labels.Set{"index": value}) {
				fmt.Print(" ", value)
			}
		}
		fmt.Println("; without the label:", selector.Matches(labels.Set{}))
	}
	_, err := metav1.LabelSelectorAsSelector(&metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
		{Key: "index", Operator: "Gt", Values: []string{"9"}}}})
	fmt.Println("as an object:", err)
}
GO
{ go mod init finding && go get k8s.io/apimachinery@v0.37.2 && go build -o probe .; } >log 2>&1 ||
  { tail -3 log; cannot "the Go modules can't be fetched or built"; }

./probe | tee seen
diff - seen <<'END' || { echo "changed: expected the lines marked <"; exit 1; }
index>9: 10 100; without the label: false
index>9,index<100: 10; without the label: false
index>=9: refused
index>nine: refused
as an object: "Gt" is not a valid label selector operator
END
