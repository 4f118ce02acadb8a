package config

import (
	"bytes"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"text/template"

	"adapt/eval"
)

//go:embed template.yaml
var templateText string

// Template returns a commented adapt.yaml for a domain with its default gates.
// Reading it gives [Default] with these gates.
func Template(domain string, gates []eval.Rule) ([]byte, error) {
	t, err := template.New("adapt.yaml").Funcs(template.FuncMap{"gate": gateLine, "doc": metricDoc}).Parse(templateText)
	if err != nil {
		return nil, fmt.Errorf("config: template: %w", err)
	}
	var b bytes.Buffer
	err = t.Execute(&b, struct {
		Config
		Rules []eval.Rule
	}{Default(domain), gates})
	if err != nil {
		return nil, fmt.Errorf("config: template: %w", err)
	}
	return b.Bytes(), nil
}

// gateLine writes a rule in YAML's flow style, one line.
func gateLine(r eval.Rule) string {
	parts := []string{"metric: " + r.Metric}
	if r.Category != "" {
		parts = append(parts, "category: "+strconv.Quote(r.Category))
	}
	for _, l := range []struct {
		name string
		v    *float64
	}{{"min", r.Min}, {"max", r.Max}, {"margin", r.Margin}} {
		if l.v != nil {
			parts = append(parts, l.name+": "+strconv.FormatFloat(*l.v, 'g', -1, 64))
		}
	}
	if r.MinDocuments != 0 {
		parts = append(parts, fmt.Sprintf("min_documents: %d", r.MinDocuments))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func metricDoc(name string) string {
	m, ok := eval.MetricByName(name)
	if !ok {
		return ""
	}
	return m.Doc
}
