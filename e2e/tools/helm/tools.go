//go:build tools

// Package tools pins the helm that the end-to-end tests install the charts with.
// It is never compiled as a package: `go build <import path>` in this folder builds the command
// at the version that go.mod and go.sum fix.
package tools

import _ "helm.sh/helm/v4/cmd/helm"
