package runs

import (
	"strings"
	"testing"

	"adapt/artifact"
	"adapt/registry"
)

func TestNext(t *testing.T) {
	reg, err := registry.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer reg.Close()
	config := artifact.Ref{Kind: artifact.KindConfig, SHA256: strings.Repeat("a", 64)}
	source := artifact.Ref{Kind: artifact.KindManifest, SHA256: strings.Repeat("b", 64)}
	prefix := Prefix("legal", config, source)
	next := func(want string, wantRunning bool) {
		t.Helper()
		id, running, err := Next(t.Context(), reg, "legal", config, source)
		if err != nil || id != want || running != wantRunning {
			t.Errorf("got %s, %v, %v, want %s, %v", id, running, err, want, wantRunning)
		}
	}
	save := func(id string, s registry.Status) {
		t.Helper()
		if err := reg.SaveRun(t.Context(), registry.Run{ID: id, Domain: "legal", Status: s, Trigger: registry.TriggerManual}); err != nil {
			t.Fatal(err)
		}
	}
	next(prefix+"1", false)
	save(Prefix("legal", source, config)+"1", registry.StatusRunning)
	next(prefix+"1", false)
	for _, going := range []registry.Status{registry.StatusRunning, registry.StatusWaiting} {
		save(prefix+"1", going)
		next(prefix+"1", true)
	}
	save(prefix+"1", registry.StatusFailed)
	next(prefix+"2", false)
	save(prefix+"10", registry.StatusPromoted)
	save(prefix+"9", registry.StatusPromoted)
	next(prefix+"11", false)
}
