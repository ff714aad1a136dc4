// Command coredns is CoreDNS with those of its plugins that the one-node cluster's Corefile names (e2e/src/node/config.rs),
// at the version that go.mod and go.sum fix. With all its plugins CoreDNS brings the SDKs of three clouds, and takes two
// minutes to build instead of half of one.
package main

import (
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/template"
)

func main() {
	coremain.Run()
}
