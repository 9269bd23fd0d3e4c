#!/usr/bin/env bash
# Guess: nodeSelector is a map like labels: a user's server-side apply owns the key "zone", a queue's apply adds "pool",
#   and both stand side by side.
# Really: for server-side apply the whole nodeSelector is one value with one owner. The second apply conflicts although the keys
#   differ; forced, it removes the first one's keys, and the user's own apply conflicts from then on. Labels, and the
#   resources of a container, are merged by key. A strategic merge patch merges nodeSelector by key, too, so that
#   kubectl patch adds what kubectl apply --server-side can't. (matchLabels of a selector are one value likewise.)
# Version: k8s.io/client-go 0.37.2, whose schema is that of the API server 1.37; kube-apiserver 1.37.2 answers the same
# Source: the marker of an atomic map on nodeSelector in core/v1's OpenAPI
# Why it matters: a suspended Job's nodeSelector is what queues fill in before they resume it. A queue that applies it
#   drops the user's pool without a word, or fights with a GitOps tool that applies the manifest again. Patch it instead.
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

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
)

var jobs = fake.NewClientset().BatchV1().Jobs("default")

func patch(how types.PatchType, manager string, force bool, labels, nodeSelector string) {
	body := `{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"x","labels":` + labels + `},"spec":{"template":{"spec":{"nodeSelector":` + nodeSelector + `}}}}`
	options := metav1.PatchOptions{FieldManager: manager}
	if how == types.ApplyPatchType {
		options.Force = &force
	}
	job, err := jobs.Patch(context.Background(), "x", how, []byte(body), options)
	if err != nil {
		fmt.Println(manager+":", err)
		return
	}
	fmt.Println(manager+": labels", job.Labels, "nodeSelector", job.Spec.Template.Spec.NodeSelector)
}

func main() {
	patch(types.ApplyPatchType, "user", false, `{"a":"1"}`, `{"zone":"east"}`)
	patch(types.ApplyPatchType, "queue", false, `{"b":"2"}`, `{"pool":"gpu"}`)
	patch(types.ApplyPatchType, "queue", true, `{"b":"2"}`, `{"pool":"gpu"}`)
	patch(types.ApplyPatchType, "user", false, `{"a":"1"}`, `{"zone":"east"}`)
	patch(types.StrategicMergePatchType, "patch", false, `{"c":"3"}`, `{"zone":"east"}`)
}
GO
{ go mod init finding && go get k8s.io/client-go@v0.37.2 k8s.io/apimachinery@v0.37.2 && go build -o probe .; } >log 2>&1 ||
  { tail -3 log; cannot "the Go modules can't be fetched or built"; }

./probe | tee seen
diff - seen <<'END' || { echo "changed: expected the lines marked <"; exit 1; }
user: labels map[a:1] nodeSelector map[zone:east]
queue: Apply failed with 1 conflict: conflict with "user": .spec.template.spec.nodeSelector
queue: labels map[a:1 b:2] nodeSelector map[pool:gpu]
user: Apply failed with 1 conflict: conflict with "queue": .spec.template.spec.nodeSelector
patch: labels map[a:1 b:2 c:3] nodeSelector map[pool:gpu zone:east]
END
