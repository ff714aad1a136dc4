//go:build tools

// Package tools pins the etcd server that the end-to-end tests and `cargo xtask up` run.
// It is never compiled as a package: `go build <import path>` in this folder builds the command
// at the version that go.mod and go.sum fix.
package tools

import (
	_ "go.etcd.io/etcd/server/v3"
)
