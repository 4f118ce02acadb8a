package ingest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
)

// readHL7 reads HL7 v2 messages with reports: ORU, and MDM with its document.
// Each observation request (OBR) with text is a document, made of the text of
// its OBX segments and the notes on them; a document embedded in an OBX is one
// of its own. A report that a later one of the file corrects is left out. Of
// the patient, identifiers and names are kept apart from the text; physicians
// and visits are left out.
//
// Source: HL7 v2.5.1, chapters 2 (encoding), 7 (ORU) and 9 (MDM).
func readHL7(ctx context.Context, data []byte, lim Limits) ([]part, []BadPart, error) {
	data = withoutFraming(data)
	text, charset, err := decodeDeclared(data, hl7Charset(data))
	if err != nil {
		return nil, nil, err
	}
	messages, ok := hl7Messages(text)
	if !ok {
		return nil, nil, quarantine(ReasonMalformed, "the file does not begin with an MSH segment; export it as HL7 v2 messages")
	}
	c, err := newCollector(lim)
	if err != nil {
		return nil, nil, err
	}
	f := hl7File{collector: c, latest: make(map[string]int), several: len(messages) > 1}
	for _, segments := range messages {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		if err := f.message(ctx, segments); err != nil {
			return nil, nil, err
		}
	}
	for i := range f.parts {
		if m := charsetMeta(charset); m != nil {
			if f.parts[i].Meta == nil {
				f.parts[i].Meta = make(map[string]string)
			}
			f.parts[i].Meta["charset"] = charset
		}
	}
	return f.parts, f.bad, nil
}

// withoutFraming drops the bytes by which the transport (MLLP) frames messages.
func withoutFraming(data []byte) []byte {
	kept := make([]byte, 0, len(data))
	for _, c := range data {
		if c != 0x0b && c != 0x1c && c != 0x1a {
			kept = append(kept, c)
		}
	}
	return kept
}

// hl7Charset is the encoding that MSH-18 of the first message declares, as
// HL7 table 0211 names them.
func hl7Charset(data []byte) string {
	at := bytes.Index(data, []byte("MSH"))
	if at < 0 || at+4 > len(data) {
		return ""
	}
	msh := data[at:min(len(data), at+2000)]
	if end := bytes.IndexAny(msh, "\r\n"); end >= 0 {
		msh = msh[:end]
	}
	fields := bytes.Split(msh, msh[3:4])
	if len(fields) < 18 {
		return ""
	}
	name := strings.ToUpper(strings.TrimSpace(string(fields[17])))
	if part, ok := strings.CutPrefix(name, "8859/"); ok {
		return "iso-8859-" + part
	}
	return map[string]string{
		"UNICODE UTF-8": "utf-8", "ISO IR87": "iso-2022-jp", "ISO IR14": "shift_jis", "GB 18030-2000": "gb18030", "BIG-5": "big5", "KS X 1001": "euc-kr",
	}[name]
}

// hl7Messages cuts a file into messages of segments. Headers of files and
// batches are left out.
func hl7Messages(text string) ([][]string, bool) {
	var messages [][]string
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || hasAnyPrefix(line, "FHS", "BHS", "BTS", "FTS"):
		case strings.HasPrefix(line, "MSH"):
			messages = append(messages, []string{line})
		case len(messages) == 0:
			return nil, false
		default:
			last := len(messages) - 1
			messages[last] = append(messages[last], line)
		}
	}
	return messages, len(messages) > 0
}

func hasAnyPrefix(s string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

// An hl7File collects the reports of a file.
type hl7File struct {
	*collector
	several bool           // messages
	latest  map[string]int // index in parts of each order's report
}

// message adds the reports of a message, or why it has none.
func (f *hl7File) message(ctx context.Context, segments []string) error {
	d, ok := parseDelimiters(segments[0])
	msh := d.split(segments[0], d.field)
	if !ok || len(msh) < 10 {
		f.refuse("", errHL7)
		return nil
	}
	kind := d.part(msh[8], d.component, 1)
	if kind != "ORU" && kind != "MDM" {
		f.refuse("", quarantine(ReasonUnsupported, "the message is no report (ORU or MDM); leave it out"))
		return nil
	}
	groups, ok := d.groups(segments[1:])
	if !ok {
		f.refuse("", errHL7)
		return nil
	}
	key, any := hl7Key(msh[9]), false
	alone := !f.several && len(groups) == 1 // its key is the file's name
	for i, g := range groups {
		used, err := f.group(ctx, g, key, i, alone)
		if err != nil {
			return err
		}
		any = any || used
	}
	if !any {
		f.refuse("", quarantine(ReasonNoText, "the message has no OBX segment with report text (TX, FT, ST, CE, CWE) or an embedded document; leave it out"))
	}
	return nil
}

var errHL7 = quarantine(ReasonMalformed, "the message does not follow HL7 v2 (MSH, segment names, OBX); export it again")

// group adds the report of an order, and the documents embedded in it.
func (f *hl7File) group(ctx context.Context, g *hl7Group, key string, number int, alone bool) (used bool, err error) {
	if g.cancelled() {
		f.refuse("", quarantine(ReasonSuperseded, "the order was cancelled; nothing is lost by leaving it out"))
		return true, nil
	}
	if p := g.part(); p.Text != "" {
		used = true
		switch {
		case alone:
		case number == 0:
			p.Key = key
		case key != "":
			p.Key = fmt.Sprintf("%s-%d", key, number+1)
		}
		f.supersede(g.order)
		if g.order != "" {
			f.latest[g.order] = len(f.parts)
		}
		p.Index = f.next
		f.next++
		f.parts = append(f.parts, p)
	}
	for i, e := range g.embedded {
		first := len(f.parts)
		if err := f.lim.expand(len(e.data)); err != nil {
			return used, err
		}
		if err := f.read(ctx, fmt.Sprintf("document-%d-%d%s", f.next+1, i+1, e.ending), e.data); err != nil {
			return used, err
		}
		for j := first; j < len(f.parts); j++ {
			f.parts[j].Subject, f.parts[j].Known = g.subject, append(f.parts[j].Known, g.known...)
		}
		used = true
	}
	for _, q := range g.bad {
		f.refuse("", q)
		used = true
	}
	return used, nil
}

// supersede leaves out the earlier report of an order.
func (f *hl7File) supersede(order string) {
	at, ok := f.latest[order]
	if !ok || order == "" {
		return
	}
	f.bad = append(f.bad, BadPart{Index: f.parts[at].Index, Quarantine: *quarantine(ReasonSuperseded, "a later message of the file has this report anew; nothing is lost by leaving it out")})
	f.parts = slices.Delete(f.parts, at, at+1)
	for o, i := range f.latest {
		if i > at {
			f.latest[o] = i - 1
		}
	}
}

// hl7Key keeps a message's control id as a key if it is plain.
func hl7Key(id string) string {
	if len(id) > 64 || !isPlain([]byte(id)) {
		return ""
	}
	return strings.TrimSpace(id)
}
