package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"strings"
	"testing"
	"time"

	"adapt/nn/kernel"

	"github.com/spf13/cobra"
)

// TestMain lets the test binary stand for the program, whose benchmarks run
// steps in processes of their own.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "bench" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		err := execute(ctx, os.Stdout, os.Stderr, os.Args[1:]...)
		stop()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func execute(ctx context.Context, out, errOut io.Writer, args ...string) error {
	root := &cobra.Command{Use: "adapt", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(Command())
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errOut)
	return root.ExecuteContext(ctx)
}

func sample() []Figure {
	return []Figure{
		Figure{Name: "square NN", Shape: "1024×1024×1024, 1 core", Figure: 180, Unit: gflops}.of(200).atLeast(0.85),
		Figure{Name: "square NT", Shape: "1024×1024×1024, 1 core", Figure: 160.4, Unit: gflops}.of(200).atLeast(0.85),
		Figure{Name: "add", Shape: "8×8, 1 core", Figure: 12.34, Unit: gbs}.of(20),
		Figure{Name: "allocations", Shape: "gpt2", Figure: 3, Unit: "a step"}.atMost(0),
		Figure{Name: "peak memory", Shape: "gpt2", Figure: 2600, Unit: "MB"}.of(2500).atMost(1.3),
		{Name: "speed", Shape: "gpt2", Figure: 0.0123, Unit: "tokens/s"},
	}
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	if err := WriteTable(&b, sample()); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(&b, Verdict(sample()))
	want := `NAME         SHAPE                   FIGURE  UNIT      LIMIT  RATIO  TARGET   
square NN    1024×1024×1024, 1 core  180     GFLOP/s   200    0.9    >= 0.85  met
square NT    1024×1024×1024, 1 core  160     GFLOP/s   200    0.802  >= 0.85  missed
add          8×8, 1 core             12.3    GB/s      20     0.617           
allocations  gpt2                    3       a step                  <= 0     missed
peak memory  gpt2                    2600    MB        2500   1.04   <= 1.30  met
speed        gpt2                    0.0123  tokens/s                         
2 of 4 targets are missed:
  square NT 1024×1024×1024, 1 core: 0.802, target >= 0.85
  allocations gpt2: 3, target <= 0
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	if got := Verdict(sample()[:1]); got != "All 1 targets are met." {
		t.Errorf("verdict %q", got)
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := WriteJSON(&b, sample()); err != nil {
		t.Fatal(err)
	}
	var list []map[string]any
	if err := json.Unmarshal(b.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	first, last := list[0], list[5]
	for key, want := range map[string]any{
		"name": "square NN", "shape": "1024×1024×1024, 1 core", "figure": 180.0, "unit": gflops, "limit": 200.0,
		"ratio": 0.9, "target": 0.85, "at_most": false, "ok": true,
	} {
		if first[key] != want {
			t.Errorf("%s is %v, want %v", key, first[key], want)
		}
	}
	for _, key := range []string{"limit", "ratio", "target", "ok"} {
		if v, there := last[key]; !there || v != nil {
			t.Errorf("%s of a bare figure is %v, want null", key, v)
		}
	}
	b.Reset()
	if err := WriteJSON(&b, nil); err != nil || strings.TrimSpace(b.String()) != "[]" {
		t.Errorf("no figures give %q, %v", b.String(), err)
	}
}

func TestMedian(t *testing.T) {
	got := median([]round{{8, 10}, {1, 10}, {5, 10}, {100, 110}, {2, 4}})
	if got != (round{5, 10}) && got != (round{2, 4}) {
		t.Errorf("median is %v", got)
	}
}

// TestRate gives a clock that needs no patience: runs of a known duration.
func TestRate(t *testing.T) {
	runs, limits := 0, 0
	r, err := rate(context.Background(), Options{Quick: true}, 1e6, func() { runs++; time.Sleep(time.Millisecond) }, func() float64 { limits++; return 4 })
	if err != nil {
		t.Fatal(err)
	}
	if r.rate <= 0 || r.rate > 1 { // a million in at least a million nanoseconds
		t.Errorf("rate is %g", r.rate)
	}
	if r.limit != 4 || limits != 4 || runs < 4 {
		t.Errorf("limit %g, measured %d times over %d runs", r.limit, limits, runs)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := rate(ctx, Options{}, 1, func() {}, func() float64 { return 1 }); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled measurement gives %v", err)
	}
}

func TestKernelsOnTinyShapes(t *testing.T) {
	list := append(linearProducts("tiny", 8, 4, 12), product{"square", false, false, 16, 16, 16})
	log := &bytes.Buffer{}
	fixed := limits{fma: func(threads int) float64 { return 100 * float64(threads) }, memory: func(int) float64 { return 40 }}
	figures, err := kernels(context.Background(), Options{Quick: true, Threads: 2, Log: log}, list, passes(16, 8, 2, 8, 32), fixed)
	if err != nil {
		t.Fatal(err)
	}
	perProduct := 1
	if kernel.HasBF16() {
		perProduct = 2
	}
	if len(figures) != 2*(4*perProduct+9) {
		t.Fatalf("%d figures", len(figures))
	}
	for _, f := range figures {
		if !(f.Figure > 0) || f.Limit == nil || math.Abs(*f.Ratio - f.Figure / *f.Limit) > 1e-12 {
			t.Errorf("%+v", f)
		}
		if (f.OK != nil) != (strings.HasPrefix(f.Name, "tiny") || strings.HasPrefix(f.Name, "square")) {
			t.Errorf("%s has verdict %v", f.Name, f.OK)
		}
	}
	if figures[0].Name != "tiny NT" || figures[0].Shape != "8×12×4, 1 core" || figures[len(figures)/2].Shape != "8×12×4, 2 cores" {
		t.Errorf("shapes are %q and %q", figures[0].Shape, figures[len(figures)/2].Shape)
	}
	if n := strings.Count(log.String(), "\n"); n != len(figures) {
		t.Errorf("%d lines of progress for %d figures", n, len(figures))
	}
}

func TestFormsOfAStep(t *testing.T) {
	forms := map[string]int{}
	for _, p := range products() {
		forms[p.form()]++
	}
	if forms["NN"] != forms["NT"] || forms["NT"] != forms["TN"] || forms["TT"] != 0 {
		t.Errorf("products by form: %v", forms)
	}
	if p := (product{m: 2, n: 3, k: 5}); p.flops() != 60 {
		t.Errorf("2×3×5 has %g FLOPs", p.flops())
	}
}

func TestHelp(t *testing.T) {
	var b bytes.Buffer
	if err := execute(context.Background(), &b, &b, "bench", "kernels", "--help"); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"--json", "--quick", "--threads", "NT is a layer's output"} {
		if !strings.Contains(b.String(), part) {
			t.Errorf("help does not mention %q:\n%s", part, b.String())
		}
	}
}
