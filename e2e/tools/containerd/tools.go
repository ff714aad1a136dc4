//go:build tools

// Package tools pins the containerd, with its shim and its client, that the one-node cluster of the end-to-end tests runs.
// It is never compiled as a package: `go build <import path>` in this folder builds the commands
// at the versions that go.mod and go.sum fix.
package tools

import (
	_ "github.com/containerd/containerd/v2/cmd/containerd"
	_ "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2"
	_ "github.com/containerd/containerd/v2/cmd/ctr"
)
