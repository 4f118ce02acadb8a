package temporalserver

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"go.temporal.io/server/common/config"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	sqliteschema "go.temporal.io/server/schema/sqlite"
	"google.golang.org/protobuf/types/known/durationpb"
)

// retention is how long a finished run's history is kept: ten years, because
// it is the evidence of a promotion.
const retention = 10 * 365 * 24 * time.Hour

// openDatabase returns the settings of the SQLite file in dir, which it makes
// with its namespace when it is missing.
func openDatabase(dir, namespace string) (*config.SQL, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	path := databasePath(dir, sqliteschema.Version)
	if _, err := os.Stat(path); err == nil {
		db := sqlite(path, "wal")
		return db, createNamespace(db, namespace)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	// A process that is killed here must not leave half a schema behind.
	tmp := path + ".new"
	for _, f := range []string{tmp, tmp + "-journal"} {
		if err := os.Remove(f); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_RDWR, 0o600) // SQLite would take the umask
	if err != nil {
		return nil, err
	}
	f.Close()
	db := sqlite(tmp, "delete")
	if err := sqliteschema.SetupSchema(db); err != nil {
		return nil, fmt.Errorf("making its tables: %w", err)
	}
	if err := createNamespace(db, namespace); err != nil {
		return nil, err
	}
	if err := os.Rename(tmp, path); err != nil {
		return nil, err
	}
	return sqlite(path, "wal"), nil
}

func sqlite(path, journal string) *config.SQL {
	u := url.URL{Path: path} // the plugin makes "file:<name>?…" of the name
	return &config.SQL{
		PluginName:   sqliteplugin.PluginName,
		DatabaseName: u.EscapedPath(),
		ConnectAttributes: map[string]string{
			"mode":         "rwc",
			"journal_mode": journal,
			"synchronous":  "normal",
			"busy_timeout": "10000",
		},
	}
}

// createNamespace does nothing when the namespace is there.
func createNamespace(db *config.SQL, name string) error {
	ns, err := sqliteschema.NewNamespaceConfig(clusterName, name, false, nil)
	if err != nil {
		return fmt.Errorf("namespace %q: %w", name, err)
	}
	ns.Detail.Config.Retention = durationpb.New(retention)
	if err := sqliteschema.CreateNamespaces(db, ns); err != nil {
		return fmt.Errorf("namespace %q: %w", name, err)
	}
	return nil
}
