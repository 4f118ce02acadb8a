package registry

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestSchemaCountsUp(t *testing.T) {
	ms, err := migrations(schema)
	noErr(t, err)
	if len(ms) == 0 {
		t.Fatal("the schema has no version")
	}
	if _, err := migrations("-- version 1\n-- version 3\n"); err == nil || !strings.Contains(err.Error(), "2 is due") {
		t.Errorf("a missing version: error is %v", err)
	}
}

// TestMigrationsFromAnEmptyFile brings a file from nothing to a first and then
// to a later version, keeping its rows, and back to nothing on a failure.
func TestMigrationsFromAnEmptyFile(t *testing.T) {
	ctx := t.Context()
	db, err := sql.Open("sqlite", dsn(filepath.Join(t.TempDir(), "test.db")))
	noErr(t, err)
	defer db.Close()
	const v1 = "-- version 1\nCREATE TABLE a (x TEXT);\n"
	const v2 = "-- version 2\nALTER TABLE a ADD COLUMN y TEXT NOT NULL DEFAULT 'new';\n"
	const bad = "-- version 3\nCREATE TABLE b (x TEXT);\nCREATE TABLE a (x TEXT);\n"

	noErr(t, migrate(ctx, db, v1))
	_, err = db.Exec(`INSERT INTO a VALUES ('old')`)
	noErr(t, err)
	noErr(t, migrate(ctx, db, v1+v2))
	noErr(t, migrate(ctx, db, v1+v2)) // nothing to do
	var x, y string
	noErr(t, db.QueryRow(`SELECT x, y FROM a`).Scan(&x, &y))
	if x != "old" || y != "new" {
		t.Errorf("row is %q, %q", x, y)
	}

	if err := migrate(ctx, db, v1+v2+bad); err == nil || !strings.Contains(err.Error(), "version 3") {
		t.Errorf("a bad migration: error is %v", err)
	}
	if v, err := version(ctx, db); v != 2 || err != nil {
		t.Errorf("version is %d (%v) after a bad migration, want 2", v, err)
	}
	var n int
	noErr(t, db.QueryRow(`SELECT count(*) FROM sqlite_master WHERE name = 'b'`).Scan(&n))
	if n != 0 {
		t.Error("half of a bad migration stayed")
	}
	wantErr(t, migrate(ctx, db, v1), ErrNewer)
}

func TestManyOpenANewRegistryTogether(t *testing.T) {
	home := t.TempDir()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			r, err := Open(home)
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Close()
			if v, err := version(t.Context(), r.db); v == 0 || err != nil {
				t.Errorf("version %d, error %v", v, err)
			}
		})
	}
	wg.Wait()
}

func TestOpenKeepsItsFilesPrivate(t *testing.T) {
	home := filepath.Join(t.TempDir(), "a folder? with #odd% name")
	r, err := Open(home)
	noErr(t, err)
	defer r.Close()
	entries, err := os.ReadDir(home)
	noErr(t, err)
	found := false
	for _, e := range entries {
		fi, err := e.Info()
		noErr(t, err)
		if fi.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", e.Name(), fi.Mode())
		}
		found = found || e.Name() == "registry.db"
	}
	if !found {
		t.Errorf("no registry.db in %v", entries)
	}
}

func TestAFileThatIsNoRegistry(t *testing.T) {
	home := t.TempDir()
	path := filepath.Join(home, "registry.db")
	content := strings.Repeat("not a database, and longer than a header. ", 40)
	noErr(t, os.WriteFile(path, []byte(content), 0o600))
	_, err := Open(home)
	if err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error is %v, want one that names the file", err)
	}
	got, err := os.ReadFile(path)
	noErr(t, err)
	if string(got) != content {
		t.Error("the file was changed")
	}
}
