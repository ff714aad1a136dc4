// Does nothing until SIGTERM or SIGINT. A pod's sandbox runs it to hold the pod's namespaces, and tests run it as a container that
// just stays. As process 1 of a shared process namespace it also has to bury orphans.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--version" {
		fmt.Println("ecs-e2e-pause 1.0.0")
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
