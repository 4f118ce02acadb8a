package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestGenerated checks that the assembly in the tree is what this command writes.
func TestGenerated(t *testing.T) {
	for _, part := range []string{"gemm", "vector", "stored"} {
		dir := t.TempDir()
		asm, stubs := filepath.Join(dir, part+"_amd64.s"), filepath.Join(dir, part+"_amd64.go")
		out, err := exec.Command("go", "run", ".", "-part", part, "-out", asm, "-stubs", stubs, "-pkg", "kernel").CombinedOutput()
		if err != nil {
			t.Fatalf("generating %s: %v\n%s", part, err, out)
		}
		for _, path := range []string{asm, stubs} {
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(filepath.Join("..", "..", filepath.Base(path)))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(afterFirstLine(got), afterFirstLine(want)) {
				t.Errorf("%s is not up to date: run go generate ./nn/kernel", filepath.Base(path))
			}
		}
	}
}

// afterFirstLine drops the line that tells the arguments of the command.
func afterFirstLine(b []byte) []byte {
	_, rest, _ := bytes.Cut(b, []byte("\n"))
	return rest
}
