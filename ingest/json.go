package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
)

// readJSON reads FHIR resources, or documents as objects with a "text" key:
// one of them, one a line, or an array.
func readJSON(ctx context.Context, data []byte, lim Limits) ([]part, []BadPart, error) {
	text, err := decodeText(data)
	if err != nil {
		return nil, nil, err
	}
	values, err := jsonValues(ctx, text, lim.withDefaults().MaxEntries)
	if err != nil {
		return nil, nil, err
	}
	var kind struct {
		Type string `json:"resourceType"`
	}
	if json.Unmarshal(values[0], &kind) == nil && kind.Type != "" {
		return readFHIR(ctx, values, lim)
	}
	return jsonDocuments(ctx, values, lim)
}

// jsonFormat tells what readJSON reads.
func jsonFormat(data []byte) string {
	if bytes.Contains(data[:min(len(data), 64<<10)], []byte(`"resourceType"`)) {
		return "fhir"
	}
	return "json"
}

// jsonValues cuts a text into its values, at most limit, of which there is at
// least one. A single array stands for its elements.
func jsonValues(ctx context.Context, text string, limit int) ([]json.RawMessage, error) {
	malformed := quarantine(ReasonMalformed, "the file is no JSON; export it again")
	dec := json.NewDecoder(strings.NewReader(text))
	var values []json.RawMessage
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var v json.RawMessage
		if err := dec.Decode(&v); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, malformed
		}
		if values = append(values, v); len(values) > limit {
			return nil, errEntries
		}
	}
	if len(values) == 1 && values[0][0] == '[' {
		array := values[0]
		values = nil
		if json.Unmarshal(array, &values) != nil {
			return nil, malformed
		}
	}
	if len(values) == 0 {
		return nil, quarantine(ReasonEmpty, "the file holds no JSON value; export it again")
	}
	if len(values) > limit {
		return nil, errEntries
	}
	return values, nil
}

// jsonDocuments reads objects with a text. Of their other keys only those that
// name a document or its patient are looked at.
func jsonDocuments(ctx context.Context, values []json.RawMessage, lim Limits) ([]part, []BadPart, error) {
	var parts []part
	var bad []BadPart
	for i, v := range values {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		var object map[string]any
		dec := json.NewDecoder(bytes.NewReader(v))
		dec.UseNumber() // an identifier of many digits stays as it is
		if dec.Decode(&object) != nil {
			bad = append(bad, BadPart{Index: i, Quarantine: *quarantine(ReasonMalformed, `it is no JSON object; write one as {"text": "…"}`)})
			continue
		}
		names, row := jsonRow(object)
		columns, err := tableColumns(names, lim.Columns)
		if err != nil {
			bad = append(bad, BadPart{Index: i, Quarantine: *quarantine(ReasonMalformed, `the object has no "text"; write it as {"text": "…"} or name its keys in ingest.columns`)})
			continue
		}
		parts = append(parts, columns.part(i, row))
	}
	return parts, bad, nil
}

// jsonRow returns the keys and values of an object that are texts or numbers,
// sorted by key.
func jsonRow(object map[string]any) (names, row []string) {
	for name, value := range object {
		switch value.(type) {
		case string, json.Number:
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		switch value := object[name].(type) {
		case string:
			row = append(row, lineEnds.Replace(value))
		case json.Number:
			row = append(row, value.String())
		}
	}
	return names, row
}
