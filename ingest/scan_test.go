package ingest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestScan(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	for _, name := range []string{
		"b.pdf", "a.txt", "license agreement.txt", "reports/2.hl7", "reports/1.hl7", "reports/old/3.txt",
		".hidden", ".git/config.txt", "gold.jsonl", "clauses.jsonl", "index.json", "README.md", "reports/LICENSE.txt", "~$a.docx", "adapt.yaml",
	} {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(outside, "x.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	links := []struct{ name, target string }{
		{"inside.txt", "a.txt"}, {"out.txt", filepath.Join(outside, "x.txt")}, {"loop.txt", "loop.txt"}, {"dir", outside},
	}
	for _, l := range links {
		if err := os.Symlink(l.target, filepath.Join(root, l.name)); err != nil {
			t.Skip("no symbolic links here")
		}
	}
	tests := []struct {
		name    string
		include []string
		want    []string
	}{
		{"all", nil, []string{"a.txt", "b.pdf", "inside.txt", "license agreement.txt", "reports/1.hl7", "reports/2.hl7", "reports/old/3.txt"}},
		{"by name", []string{"*.hl7", "b.*"}, []string{"b.pdf", "reports/1.hl7", "reports/2.hl7"}},
		{"by path", []string{"reports/*.hl7"}, []string{"reports/1.hl7", "reports/2.hl7"}},
		{"by folder", []string{"reports/**"}, []string{"reports/1.hl7", "reports/2.hl7", "reports/old/3.txt"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files, err := Scan(root, tt.include)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range files {
				got = append(got, f.Path)
				if f.Size != 4 {
					t.Errorf("%s has size %d, want 4", f.Path, f.Size)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("Scan() = %q, want %q", got, tt.want)
			}
		})
	}
}

// TestScanLines tells JSON lines of documents from those that annotate.
func TestScanLines(t *testing.T) {
	root := t.TempDir()
	for name, content := range map[string]string{
		"reports.jsonl": `{"text": "A report."}` + "\n", "fhir.jsonl": `{"resourceType": "Patient"}` + "\n", "a.ndjson": "x",
		"doccano-2.jsonl": `{"text": "A", "label": []}` + "\n", "chat.jsonl": `{"messages": []}`, "broken.jsonl": `{"text": "A`, "gold.jsonl": `{"text": "A"}`,
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, err := Scan(root, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		got = append(got, f.Path)
	}
	if want := []string{"a.ndjson", "fhir.jsonl", "reports.jsonl"}; !slices.Equal(got, want) {
		t.Errorf("Scan() = %q, want %q", got, want)
	}
}

func TestScanErrors(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "README.md")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, root string
		include    []string
		want       string
	}{
		{"missing", filepath.Join(root, "John_Doe"), nil, "does not exist"},
		{"file", file, nil, "is a file"},
		{"empty", root, nil, "has no documents"},
		{"nothing included", root, []string{"*.pdf"}, "ingest.include"},
		{"malformed pattern", root, []string{"[a"}, "malformed pattern"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Scan(tt.root, tt.include)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("Scan() error = %v, want one with %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "Doe") {
				t.Errorf("the error names a file: %v", err)
			}
		})
	}
}
