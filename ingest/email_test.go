package ingest

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// mail joins the lines of a message.
func mail(lines ...string) []byte { return []byte(strings.Join(lines, "\r\n") + "\r\n") }

func TestEmail(t *testing.T) {
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	content := mail(
		"From: =?utf-8?q?Ren=C3=A9e_Doe?= <r@example.com>", "To: Sam <s@example.com>", "Subject: =?iso-8859-1?Q?Vertr=E4ge?=", "Received: from x", "MIME-Version: 1.0",
		`Content-Type: multipart/mixed; boundary="out"`, "", "preamble", "--out",
		`Content-Type: multipart/alternative; boundary="alt"`, "", "--alt",
		"Content-Type: text/plain; charset=windows-1252", "Content-Transfer-Encoding: quoted-printable", "", "Dear Sam,=20", "the caf=E9 contract is attached. A long line =", "goes on.", "--alt",
		"Content-Type: text/html; charset=utf-8", "", "<p>Dear Sam in HTML</p>", "--alt--", "--out",
		`Content-Type: text/csv; name="rows.csv"`, "Content-Transfer-Encoding: base64", `Content-Disposition: attachment; filename="rows.csv"`, "", b64("id,text\n7,A row.\n"), "--out",
		"Content-Type: image/png", "Content-ID: <logo>", "Content-Transfer-Encoding: base64", "", "AAAA", "--out",
		`Content-Type: application/octet-stream; name="../../x.docx"`, "Content-Transfer-Encoding: base64", "Content-Disposition: attachment", "", b64("no docx"), "--out",
		"Content-Type: message/rfc822", "", "From: Inner <i@example.com>", "Subject: Inner", "", "Inner body.", "--out--")
	for _, name := range []string{"a.eml", "a.txt"} {
		docs, bad, err := readOne(t, name, content)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range docs {
			checkDocument(t, d)
			checkBlocks(t, d)
			got = append(got, fmt.Sprintf("%s %d %s %v %q", d.File, d.Index, d.Format, d.Meta, d.Text))
		}
		want := []string{
			name + ` 0 email map[charset:windows-1252] "From: Renée Doe <r@example.com>\nTo: Sam <s@example.com>\nSubject: Verträge\n\nDear Sam, \nthe café contract is attached. A long line goes on."`,
			name + `/rows.csv 1 csv map[] "A row."`,
			name + `/part-7.eml 3 email map[] "From: Inner <i@example.com>\nSubject: Inner\n\nInner body."`,
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("documents:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if len(bad) != 1 || bad[0].Inner != "x.docx" || bad[0].Quarantine.Reason != ReasonWrongFormat {
			t.Errorf("bad parts = %+v", bad)
		}
	}
}

func TestEmailForms(t *testing.T) {
	tests := []struct {
		name    string
		content []byte
		want    string
	}{
		{"plain", mail("From: a@b.c", "", "Hello", "there"), "From: a@b.c\n\nHello\nthere"},
		{"no headers shown", mail("X-Mailer: m", "", "Hello"), "Hello"},
		{"HTML alone", mail("From: a@b.c", "Content-Type: text/html", "", "<h1>T</h1><p>Hello <b>you</b></p>"), "From: a@b.c\n\nT\n\nHello you"},
		{"HTML with pictures", mail("From: a@b.c", "Content-Type: multipart/alternative; boundary=x", "", "--x", "Content-Type: multipart/related; boundary=y", "",
			"--y", "Content-Type: text/html", "", "<p>Hello</p>", "--y", "Content-Type: image/png", "Content-ID: <i>", "", "xx", "--y--", "--x--"), "From: a@b.c\n\nHello"},
		{"a signature", mail("From: a@b.c", "Content-Type: multipart/signed; boundary=x", "", "--x", "", "Hello", "--x", "Content-Type: application/pgp-signature; name=signature.asc", "", "xx", "--x--"), "From: a@b.c\n\nHello"},
		{"mailbox line", mail("From a@b.c Mon Jan 1", "From: a@b.c", "", "Hello"), "From: a@b.c\n\nHello"},
		{"declared wrongly", mail("From: a@b.c", "Content-Type: text/plain; charset=us-ascii", "", "naïve"), "From: a@b.c\n\nnaïve"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := mustRead(t, "a.eml", tt.content); d.Text != tt.want {
				t.Errorf("text %q, want %q", d.Text, tt.want)
			}
		})
	}
}

func TestBadEmail(t *testing.T) {
	deep := []string{"From: a@b.c"}
	for i := range 30 {
		deep = append(deep, fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%dx", i), "", fmt.Sprintf("--b%dx", i))
	}
	tests := []struct {
		name    string
		content []byte
		want    Reason
	}{
		{"headers", []byte("no header at all\n\nbody"), ReasonMalformed},
		{"encrypted", mail("Content-Type: multipart/encrypted; boundary=x", "", "--x", "", "a", "--x--"), ReasonEncrypted},
		{"depth", mail(deep...), ReasonBomb},
		{"undecodable body", mail("Content-Type: text/plain; charset=x-own", "", "\x81\x8d \xff\xfe"), ReasonEncoding},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := readOne(t, "a.eml", tt.content)
			checkReason(t, err, tt.want)
		})
	}
	// What came before the end of a message that was cut is kept.
	docs, bad, err := readOne(t, "a.eml", mail("Content-Type: multipart/mixed; boundary=x", "", "--x", "", "Whole.", "--x", "", "Cut"))
	if err != nil || len(docs) != 1 || !strings.Contains(docs[0].Text, "Whole.") || len(bad) == 0 {
		t.Errorf("a message without its end: documents %+v, bad parts %+v, error %v", docs, bad, err)
	}
}

func FuzzEmail(f *testing.F) {
	f.Add(mail("From: =?utf-8?q?a?=", "Content-Type: multipart/mixed; boundary=x", "", "--x", "Content-Transfer-Encoding: base64", "", "YQ==", "--x", "Content-Type: text/html", "", "<p>b", "--x--"))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRead(t, "a.eml", data) })
}
