package label

import "testing"

func TestIndex(t *testing.T) {
	index := Index([]Gold{
		{Key: "x/one", Category: "a"}, {Key: "x/one", Category: "b"},
		{Key: "x/two", Category: "c"}, {Key: "y/two.txt", Category: "d"},
		{Key: "Acme, Inc - SUPPLY AGREEMENT.PDF", Category: "e"},
		{Key: "EX-10.26-SUPPLY", Category: "f"},
	})
	for key, want := range map[string]string{
		"x/one": "ab", "one": "ab", "deep/one": "ab", "x/two": "c", "y/two": "d",
		"two": "", "z/two": "", // two documents are called so
		"pdf/Acme,_Inc_-_SUPPLY_AGREEMENT": "e", "EX-10.26-SUPPLY": "f", "none": "",
	} {
		got := ""
		for _, g := range index.For(key) {
			got += g.Category
		}
		if got != want {
			t.Errorf("For(%q) = %q, want %q", key, got, want)
		}
	}
}

func TestDocument(t *testing.T) {
	index := Index([]Gold{{Key: "one", Category: "a"}, {Key: "0123abcd", Category: "b"}, {Key: TextKey("The  same\ntext."), Category: "c"}})
	tests := []struct{ key, id, text, want string }{
		{"x/one", "0123abcd", "", "a"},
		{"other", "0123abcd", "", "b"},
		{"other", "other", "The same text.", "c"},
		{"other", "other", "Another text.", ""},
	}
	for _, tt := range tests {
		got := ""
		for _, g := range index.Document(tt.key, tt.id, tt.text) {
			got += g.Category
		}
		if got != tt.want {
			t.Errorf("Document(%q, %q, %q) = %q, want %q", tt.key, tt.id, tt.text, got, tt.want)
		}
	}
}
