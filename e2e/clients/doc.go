// Package clients tests the backend with a client that shares nothing with us: AWS's own SDK for Go, its waiters and
// paginators. It covers items 1, 2, 3, 4, 5, 6, 9, 11 and 12 of ecs-semantics.md §13.1 over HTTP.
//
// `cargo xtask test clients` starts a backend and runs it; by hand:
//
//	ECS_ENDPOINT=http://127.0.0.1:4510 go test -count=1 ./...
package clients
