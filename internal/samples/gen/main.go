// Command gen writes the sample documents. It is run by go generate in the
// samples folder.
package main

import (
	"flag"
	"fmt"
	"os"

	"adapt/internal/samples"
)

func main() {
	seed := flag.Int64("seed", samples.Seed, "seed of the random choices")
	dir := flag.String("dir", ".", "folder to write into")
	flag.Parse()
	if err := samples.Generate(*seed, *dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
