package samples

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/ledongthuc/pdf"
)

// words returns the text of a sample file with single spaces, read the way a
// plain reader of its format does.
func readWords(t *testing.T, f file) string {
	t.Helper()
	var (
		text string
		err  error
	)
	switch {
	case strings.HasSuffix(f.name, ".pdf"):
		text, _, err = readPDF(f.data)
	case strings.HasSuffix(f.name, ".docx"):
		text, err = readDOCX(f.data)
	case strings.HasSuffix(f.name, ".hl7"):
		text, err = readHL7(string(f.data))
	case strings.HasSuffix(f.name, ".json"):
		text, err = readFHIR(f.data)
	default:
		text = string(f.data)
	}
	if err != nil {
		t.Fatalf("%s: %v", f.name, err)
	}
	return strings.Join(strings.Fields(text), " ")
}

// readPDF joins the characters of each page, with a break wherever the
// baseline moves.
func readPDF(data []byte) (text string, pages int, err error) {
	r, err := pdf.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return "", 0, err
	}
	var b strings.Builder
	for n := 1; n <= r.NumPage(); n++ {
		y := math.Inf(1)
		for _, c := range r.Page(n).Content().Text {
			if c.Y != y {
				b.WriteByte('\n')
				y = c.Y
			}
			b.WriteString(c.S)
		}
	}
	return b.String(), r.NumPage(), nil
}

func readDOCX(data []byte) (string, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return "", err
	}
	f, err := z.Open("word/document.xml")
	if err != nil {
		return "", err
	}
	defer f.Close()
	var b strings.Builder
	d := xml.NewDecoder(f)
	inText := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return b.String(), nil
		}
		if err != nil {
			return "", err
		}
		switch e := token.(type) {
		case xml.StartElement:
			inText = e.Name.Local == "t"
		case xml.EndElement:
			inText = false
			if e.Name.Local == "p" {
				b.WriteByte('\n')
			}
		case xml.CharData:
			if inText {
				b.Write(e)
			}
		}
	}
}

func readHL7(message string) (string, error) {
	segments := strings.Split(strings.TrimSuffix(message, "\r"), "\r")
	if !strings.HasPrefix(segments[0], `MSH|^~\&|`) {
		return "", errors.New("no header")
	}
	var b strings.Builder
	unescape := strings.NewReplacer(`\.br\`, "\n", `\F\`, "|", `\S\`, "^", `\T\`, "&", `\R\`, "~", `\E\`, `\`)
	for _, s := range segments {
		fields := strings.Split(s, "|")
		if fields[0] != "OBX" {
			continue
		}
		if fields[2] != "TX" || len(fields) < 6 {
			return "", fmt.Errorf("OBX %s is not a text", fields[1])
		}
		b.WriteString(unescape.Replace(fields[5]) + "\n")
	}
	return b.String(), nil
}

var tags = regexp.MustCompile(`<[^>]*>`)

func readFHIR(data []byte) (string, error) {
	var r fhirDiagnosticReport
	if err := json.Unmarshal(data, &r); err != nil {
		return "", err
	}
	var text string
	if r.Text != nil {
		text = html.UnescapeString(tags.ReplaceAllString(r.Text.Div, "\n"))
	}
	for _, a := range r.PresentedForm {
		form, err := base64.StdEncoding.DecodeString(a.Data)
		if err != nil {
			return "", err
		}
		text += "\n" + string(form)
	}
	return text + "\n" + r.Conclusion, nil
}
