package formats

import "adapt/label"

// documentRow is a document as a row of a Hugging Face data set. Offsets count
// characters (code points), as Python does, and bytes beside.
type documentRow struct {
	ID        string     `json:"doc_id" parquet:"doc_id"`
	Text      string     `json:"text" parquet:"text"`
	Reference string     `json:"reference" parquet:"reference"`
	Labels    []labelRow `json:"labels" parquet:"labels,list"`
}

type labelRow struct {
	Category   string    `json:"category" parquet:"category"`
	Start      int64     `json:"start" parquet:"start"`
	End        int64     `json:"end" parquet:"end"`
	ByteStart  int64     `json:"byte_start" parquet:"byte_start"`
	ByteEnd    int64     `json:"byte_end" parquet:"byte_end"`
	Text       string    `json:"text" parquet:"text"`
	Absent     bool      `json:"absent" parquet:"absent"`
	Origin     string    `json:"origin" parquet:"origin"`
	By         string    `json:"by" parquet:"by"`
	Confidence float64   `json:"confidence" parquet:"confidence"`
	Attrs      []attrRow `json:"attrs" parquet:"attrs,list"`
}

type attrRow struct {
	Name  string `json:"name" parquet:"name"`
	Value string `json:"value" parquet:"value"`
}

func readDocumentRow(s *Set, e *entry) error {
	var row documentRow
	if err := e.decode(&row); err != nil {
		return err
	}
	d, err := s.document(e, row.ID, row.Text, "")
	if err != nil {
		return err
	}
	d.Reference = row.Reference
	for i, l := range row.Labels {
		out := Label{
			Gold:   label.Gold{Key: d.Key, Category: l.Category, Text: l.Text, Start: int(l.ByteStart), Absent: l.Absent, By: l.By},
			Origin: label.Origin(l.Origin), Confidence: l.Confidence,
		}
		if l.Category == "" || out.Text != "" && !d.at(&out) {
			return e.fail("label %d has no category, or its text does not stand at its byte_start", i+1)
		}
		for _, a := range l.Attrs {
			if out.Attrs == nil {
				out.Attrs = map[string]string{}
			}
			out.Attrs[a.Name] = a.Value
		}
		d.Labels = append(d.Labels, out)
	}
	return nil
}
