// Command cilium-crd prints one of Cilium's own CustomResourceDefinitions, from Cilium's Go module.
//
//	cilium-crd ciliumnetworkpolicies
package main

import (
	"fmt"
	"os"

	crds "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/client/crds/v2"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: cilium-crd PLURAL")
		os.Exit(2)
	}
	text, err := crds.EmbedFS.ReadFile(os.Args[1] + ".yaml")
	if err == nil {
		_, err = os.Stdout.Write(text)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "cilium-crd: %v\n", err)
		os.Exit(1)
	}
}
