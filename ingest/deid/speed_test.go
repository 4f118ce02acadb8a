package deid

import (
	"os"
	"strings"
	"testing"
)

// BenchmarkNotes goes over notes full of identifiers.
func BenchmarkNotes(b *testing.B) {
	notes, err := Notes(DevNotes)
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for _, note := range notes {
		n += len(note.Text)
	}
	e := New(everything, Options{})
	b.SetBytes(int64(n))
	for b.Loop() {
		for _, note := range notes {
			e.ApplyText(note.Text)
		}
	}
}

// BenchmarkContract goes over a contract, where there are few.
func BenchmarkContract(b *testing.B) {
	text, err := os.ReadFile("testdata/contract.txt")
	if err != nil {
		b.Fatal(err)
	}
	filler := strings.Repeat("The Company shall deliver the Products within thirty (30) days and the Buyer agrees to the terms of Section 4.2 hereof. ", 40)
	s := string(text) + filler
	e := New(Rules{Kinds: []Kind{Name, Email, Phone, Account, SSN, Tax}, Formal: true}, Options{})
	b.SetBytes(int64(len(s)))
	for b.Loop() {
		e.ApplyText(s)
	}
}
