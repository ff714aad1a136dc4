//go:build tools

// Package tools pins the Kubernetes programs that the end-to-end tests, `cargo xtask up` and `cargo xtask cluster` run.
// It is never compiled as a package: `go build <import path>` in this folder builds the commands
// at the versions that go.mod and go.sum fix.
package tools

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
	_ "k8s.io/kubernetes/cmd/kube-proxy"
	_ "k8s.io/kubernetes/cmd/kube-scheduler"
	_ "k8s.io/kubernetes/cmd/kubectl"
	_ "k8s.io/kubernetes/cmd/kubelet"
)
