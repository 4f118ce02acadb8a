package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"adapt/config"
	"adapt/internal/home"
)

// cli runs a command line on a fresh data folder, or the one in dir.
func cli(t *testing.T, dir string, args ...string) (code int, out string) {
	t.Helper()
	if dir == "" {
		dir = t.TempDir()
	}
	t.Setenv(home.EnvVar, dir)
	var b bytes.Buffer
	code = execute(t.Context(), args, &b, &b)
	return code, b.String()
}

func TestCommandLines(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lease.txt")
	if err := os.WriteFile(file, []byte("LEASE"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args string
		code int
		want string
	}{
		{"", exitOK, "adapt demo"},
		{"frobnicate", exitUsage, "unknown command"},
		{"run legal", exitUsage, "accepts 2 arg(s)"},
		{"run --colour", exitUsage, "unknown flag"},
		{"review approve legal-1", exitUsage, `required flag(s) "as", "reason"`},
		{"status", exitOK, "no runs yet; `adapt run"},
		{"status --json", exitOK, "[]"},
		{"status legal-1", exitFailed, "not found; `adapt status` lists"},
		{"data list", exitOK, "no data sets yet"},
		{"data list --json", exitOK, "[]"},
		{"data show", exitFailed, "no data sets yet"},
		{"data export", exitUsage, "required flag"},
		{"models list", exitOK, "no models yet"},
		{"models list --json", exitOK, "[]"},
		{"models show abcdef", exitFailed, "`adapt models list` lists the models"},
		{"models rollback legal --as Ann --reason x", exitFailed, "there is no champion yet"},
		{"review list", exitOK, "no run waits"},
		{"review list --json", exitOK, "[]"},
		{"predict legal " + file, exitUsage, "there is no champion for legal yet"},
		{"predict legla " + file, exitUsage, "legal"},
		{"init legla", exitUsage, "legal"},
		{"version", exitOK, "adapt " + release},
		{"version --json", exitOK, `"version"`},
	}
	t.Setenv("TEMPORAL_ADDRESS", "")
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			code, out := cli(t, "", strings.Fields(tt.args)...)
			if code != tt.code || !strings.Contains(out, tt.want) {
				t.Errorf("exit code %d, want %d; output\n%s\nwant %q", code, tt.code, out, tt.want)
			}
		})
	}
	if code, out := cli(t, "", "worker"); code != exitUsage || !strings.Contains(out, "set TEMPORAL_ADDRESS") {
		t.Errorf("worker: %d, %s", code, out)
	}
}

func TestInitWritesAFileThatLoads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "adapt.yaml")
	for _, domain := range []string{"legal", "medical"} {
		if code, out := cli(t, "", "init", domain, "-o", path, "--force"); code != exitOK {
			t.Fatalf("exit code %d: %s", code, out)
		}
		c, err := config.Load(path, domain)
		if err != nil {
			t.Fatal(err)
		}
		if c.Domain != domain || len(c.Gates) == 0 {
			t.Errorf("read %+v", c)
		}
	}
	if code, out := cli(t, "", "init", "legal", "-o", path); code != exitUsage || !strings.Contains(out, "is there already") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// TestEveryCommandTeaches keeps the help complete.
func TestEveryCommandTeaches(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Short == "" {
			t.Errorf("%s says nothing", c.CommandPath())
		}
		takesArgs := strings.Contains(c.Use, " ")
		if takesArgs && c.Runnable() && c.Parent() == c.Root() && c.Example == "" && c.Name() != "help" {
			t.Errorf("%s has no example", c.CommandPath())
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s --%s says nothing", c.CommandPath(), f.Name)
			}
		})
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot())
}
