package model

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
)

// marshalWith writes v, a struct, as a JSON object with extra keys after its
// own, sorted.
func marshalWith(v any, extra map[string]json.RawMessage) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil || len(extra) == 0 {
		return b, err
	}
	more, err := json.Marshal(extra)
	if err != nil {
		return nil, err
	}
	b = append(bytes.TrimSuffix(b, []byte("}")), ',')
	return append(b, more[1:]...), nil
}

// unknownKeys returns the keys of the JSON object b that v, a struct, has no
// field for; nil when there are none.
func unknownKeys(b []byte, v any) (map[string]json.RawMessage, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, err
	}
	for _, f := range reflect.VisibleFields(reflect.TypeOf(v)) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		delete(all, name)
	}
	if len(all) == 0 {
		return nil, nil
	}
	return all, nil
}
