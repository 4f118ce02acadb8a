package ingest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// TestSubject holds that a patient's identifier leaves a reader as a keyed
// hash and as something to remove, and that no JSON has it.
func TestSubject(t *testing.T) {
	table := []byte("id,patient_id,patient_name,text\n1,MRN-77123,Doe Jane,Report of Jane.\n2,mrn-77123,,Second report.\n3,MRN-9,,Third report.\n")
	docs, _, err := readWithin(t, Limits{SubjectKey: []byte("secret")}, "a.csv", table)
	if err != nil || len(docs) != 3 {
		t.Fatalf("%d documents, error %v", len(docs), err)
	}
	if docs[0].Subject == "" || docs[0].Subject != docs[1].Subject || docs[0].Subject == docs[2].Subject {
		t.Errorf("subjects %q, %q, %q; want the first two alike", docs[0].Subject, docs[1].Subject, docs[2].Subject)
	}
	other, _, _ := readWithin(t, Limits{SubjectKey: []byte("other secret")}, "a.csv", table)
	if other[0].Subject == docs[0].Subject {
		t.Error("the subject does not depend on the key")
	}
	if want := []string{"MRN-77123", "Doe Jane"}; !slices.Equal(docs[0].Known, want) {
		t.Errorf("known = %q, want %q", docs[0].Known, want)
	}
	text, err := json.Marshal(docs)
	if err != nil || strings.Contains(string(text), "77123") || strings.Contains(string(text), "Doe") {
		t.Errorf("the documents' JSON names the patient (error %v)", err)
	}
	without, _, _ := readOne(t, "a.csv", table)
	if without[0].Subject != "" || len(without[0].Known) == 0 {
		t.Errorf("without a key: subject %q, known %q", without[0].Subject, without[0].Known)
	}
}

func TestColumns(t *testing.T) {
	table := []byte("Case No,Patient,Body,Notes\n17,P5,The body.,The notes.\n")
	docs, _, err := readWithin(t, Limits{SubjectKey: []byte("k"), Columns: Columns{Text: []string{"body"}, ID: "case no", Patient: "PATIENT"}}, "a.csv", table)
	if err != nil || len(docs) != 1 || docs[0].Text != "The body." || docs[0].Key != "17" || docs[0].Subject == "" {
		t.Errorf("documents %+v, error %v", docs, err)
	}
	docs, _, err = readWithin(t, Limits{Columns: Columns{Text: []string{"Body", "Notes"}}}, "a.csv", table)
	if err != nil || len(docs) != 1 || docs[0].Text != "BODY: The body.\n\nNOTES: The notes." {
		t.Errorf("documents %+v, error %v", docs, err)
	}
	_, _, err = readWithin(t, Limits{Columns: Columns{Text: []string{"gone"}}}, "a.csv", table)
	checkReason(t, err, ReasonMalformed)
}

func TestJSONLines(t *testing.T) {
	docs, bad, err := readOne(t, "a.ndjson", []byte(`{"id": 12345678901234567890, "text": "First.\r\nLine."}`+"\n"+`{"text": "Second."}`+"\n"+`{"body": "x"}`+"\n"+`[1]`+"\n"))
	if err != nil || len(docs) != 2 || len(bad) != 2 || docs[0].Key != "12345678901234567890" || docs[0].Text != "First.\nLine." || docs[0].Format != "json" {
		t.Fatalf("documents %+v, bad parts %+v, error %v", docs, bad, err)
	}
	if docs, _, err := readOne(t, "a.json", []byte(`[{"text": "One."}, {"text": "Two."}]`)); err != nil || len(docs) != 2 {
		t.Errorf("an array gave %d documents, error %v", len(docs), err)
	}
	_, _, err = readOne(t, "a.ndjson", []byte(`{"text": "First."}`+"\n"+`{"text": "cut`))
	checkReason(t, err, ReasonMalformed)
}
