//go:build tools

// Package tools pins the CoreDNS that answers for service names in the one-node cluster of the end-to-end tests.
// It is never compiled as a package: `go build <import path>` in this folder builds the command
// at the version that go.mod and go.sum fix.
package tools

import _ "github.com/coredns/coredns"
