package formats

import (
	"fmt"
	"slices"
	"strings"
)

// features are a configuration's columns as the card spells them.
func features(config string) string {
	if config == "documents" {
		return `  - name: doc_id
    dtype: string
  - name: text
    dtype: string
  - name: reference
    dtype: string
  - name: labels
    list:
    - name: category
      dtype: string
    - name: start
      dtype: int64
    - name: end
      dtype: int64
    - name: byte_start
      dtype: int64
    - name: byte_end
      dtype: int64
    - name: text
      dtype: string
    - name: absent
      dtype: bool
    - name: origin
      dtype: string
    - name: by
      dtype: string
    - name: confidence
      dtype: float64
    - name: attrs
      list:
      - name: name
        dtype: string
      - name: value
        dtype: string
`
	}
	return `  - name: id
    dtype: string
  - name: doc_id
    dtype: string
  - name: messages
    list:
    - name: role
      dtype: string
    - name: content
      dtype: string
  - name: weights
    sequence: float32
  - name: rejected
    dtype: string
`
}

// card is README.md: what the datasets library reads at its head, and what
// people read below.
func card(info Info, files []parquetInfo) string {
	var b strings.Builder
	b.WriteString("---\n")
	if info.License != "" {
		fmt.Fprintf(&b, "license: %s\n", info.License)
	}
	fmt.Fprintf(&b, "pretty_name: %q\ntags:\n- adapt\ndataset_info:\n", info.Name)
	configs := []string{"documents", "examples"}
	of := func(config string) []parquetInfo {
		return slices.DeleteFunc(slices.Clone(files), func(f parquetInfo) bool { return f.Config != config })
	}
	for _, c := range configs {
		if len(of(c)) == 0 {
			continue
		}
		fmt.Fprintf(&b, "- config_name: %s\n  features:\n%s  splits:\n", c, features(c))
		var download int64
		size := 0
		for _, f := range of(c) {
			fmt.Fprintf(&b, "  - name: %s\n    num_bytes: %d\n    num_examples: %d\n", f.Split, f.Bytes, f.Rows)
			download, size = download+f.Size, size+f.Bytes
		}
		fmt.Fprintf(&b, "  download_size: %d\n  dataset_size: %d\n", download, size)
	}
	b.WriteString("configs:\n")
	for _, c := range configs {
		if len(of(c)) == 0 {
			continue
		}
		fmt.Fprintf(&b, "- config_name: %s\n  data_files:\n", c)
		for _, f := range of(c) {
			fmt.Fprintf(&b, "  - split: %s\n    path: %s\n", f.Split, f.Path)
		}
	}
	fmt.Fprintf(&b, "---\n\n# %s\n\n%s\n\nVersion %s, written by adapt. Offsets `start` and `end` count characters (code\npoints), `byte_start` and `byte_end` bytes of UTF-8. `absent` says that a person\nlooked and the document does not have the category; `origin` says who labeled:\ngold and review are people, rules and teacher are programs. `weights` are those\nof the assistant's messages in the loss.\n\n", info.Name, info.Description, info.Version)
	b.WriteString("```python\nfrom datasets import load_dataset\n")
	for _, c := range configs {
		if len(of(c)) > 0 {
			fmt.Fprintf(&b, "%s = load_dataset(\"path/to/this/folder\", \"%s\")\n", c, c)
		}
	}
	b.WriteString("```\n")
	return b.String()
}
