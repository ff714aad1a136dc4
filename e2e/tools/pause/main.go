// Does nothing until SIGTERM or SIGINT. A pod's sandbox runs it to hold the pod's namespaces, and tests run it as a container that
// just stays. As process 1 of a shared process namespace it also has to bury orphans.
//
// `pause dial HOST:PORT` says instead to which address it could connect: what a pod sees of the cluster's names and services.
package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--version" {
		fmt.Println("ecs-e2e-pause 1.0.0")
		return
	}
	if len(os.Args) > 2 && os.Args[1] == "dial" {
		dial(os.Args[2])
		return
	}
	fmt.Println("paused")
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGCHLD)
	for received := range signals {
		if received != syscall.SIGCHLD {
			return
		}
		for {
			if child, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); child <= 0 || err != nil {
				break
			}
		}
	}
}

func dial(address string) {
	connection, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(connection.RemoteAddr())
}
