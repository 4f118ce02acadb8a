package ingest

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"path"
	"strings"
)

func isJSONLines(name string) bool { return strings.EqualFold(path.Ext(name), ".jsonl") }

// annotationKeys are the keys of lines that annotate documents or are made of
// them: the forms of doccano, Label Studio, CUAD, and of examples for training.
var annotationKeys = []string{
	"label", "labels", "spans", "entities", "relations", "annotations", "answers", "category", "categories",
	"messages", "prompt", "completion", "chosen", "rejected", "contract_id",
}

// maxFirstLine bounds how much of a file is looked at, in bytes.
const maxFirstLine = 1 << 20

// holdsTexts tells JSON lines of documents from annotations, which have the
// same ending, by the first line.
func holdsTexts(dir *os.Root, name string) bool {
	file, err := dir.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return false
	}
	defer file.Close()
	line, err := bufio.NewReader(io.LimitReader(file, maxFirstLine)).ReadString('\n')
	if err != nil && err != io.EOF {
		return false
	}
	return isDocumentLine(strings.TrimPrefix(line, "\ufeff"))
}

func isDocumentLine(line string) bool {
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(line), &object) != nil {
		return false
	}
	for _, key := range annotationKeys {
		if _, ok := object[key]; ok {
			return false
		}
	}
	_, text := object["text"]
	_, fhir := object["resourceType"]
	_, findings := object["findings"]
	return text || fhir || findings
}
