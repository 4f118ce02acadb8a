package registry

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"adapt/artifact"
)

// The test binary runs itself as other processes; these variables say what
// such a process does.
const (
	envHome  = "ADAPT_REGISTRY_TEST_HOME"
	envModel = "ADAPT_REGISTRY_TEST_MODEL"
	envDie   = "ADAPT_REGISTRY_TEST_DIE"
)

func TestMain(m *testing.M) {
	if home := os.Getenv(envHome); home != "" {
		if err := otherProcess(home); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// otherProcess promotes a model of home, or dies in the middle of that.
func otherProcess(home string) error {
	ctx := context.Background()
	r, err := Open(home)
	if err != nil {
		return err
	}
	defer r.Close()
	m, err := r.GetModel(ctx, "legal", os.Getenv(envModel))
	if err != nil {
		return err
	}
	p := promotion(m, artifact.Ref{})
	if os.Getenv(envDie) == "" {
		return r.Promote(ctx, p)
	}
	return r.update(ctx, func(tx *sql.Tx) error {
		if err := promote(ctx, tx, p, r.now()); err != nil {
			return err
		}
		return syscall.Kill(os.Getpid(), syscall.SIGKILL)
	})
}

func otherCommand(home string, m Model, env ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envHome+"="+home, envModel+"="+m.Name)
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

func TestTwoProcessesShareARegistry(t *testing.T) {
	home := t.TempDir()
	r := openAt(t, home)
	a, b := addModel(t, r, "legal", "a"), addModel(t, r, "legal", "b")
	one, two := otherCommand(home, a), otherCommand(home, b)
	noErr(t, one.Start())
	noErr(t, two.Start())
	err1, err2 := one.Wait(), two.Wait()
	if (err1 == nil) == (err2 == nil) {
		t.Fatalf("processes ended with %v and %v, want one winner", err1, err2)
	}
	want := a.Ref
	if err1 != nil {
		want = b.Ref
	}
	wantChampion(t, r, "legal", want)
}

func TestAKilledProcessLeavesNothingHalfPromoted(t *testing.T) {
	home := t.TempDir()
	r := openAt(t, home)
	a := addModel(t, r, "legal", "a")
	if err := otherCommand(home, a, envDie+"=1").Run(); err == nil {
		t.Fatal("the process was to die")
	}
	wantChampion(t, r, "legal", artifact.Ref{})
	moves, err := r.History(t.Context(), "legal")
	noErr(t, err)
	if len(moves) != 0 {
		t.Errorf("%d audit rows without a promotion", len(moves))
	}
	noErr(t, r.Promote(t.Context(), promotion(a, artifact.Ref{})))
	wantChampion(t, r, "legal", a.Ref)
}
