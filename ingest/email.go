package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"path"
	"slices"
	"strings"

	"github.com/emersion/go-message"
)

// readEmail reads a message (RFC 5322 with MIME, RFC 2045 to 2049): its
// headers and body are one document, each attachment is read by its own
// format. Of a body in several forms the plain one is taken, else HTML.
// Pictures that a page shows and signatures made by machines are left out.
func readEmail(ctx context.Context, data []byte, lim Limits) ([]part, []BadPart, error) {
	c, err := newCollector(lim)
	if err != nil {
		return nil, nil, err
	}
	// Mailboxes put a line before each message that is none of its headers.
	if rest, ok := bytes.CutPrefix(data, []byte("From ")); ok {
		_, data, _ = bytes.Cut(rest, []byte("\n"))
	}
	entity, err := message.Read(bytes.NewReader(data))
	if entity == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		return nil, nil, quarantine(ReasonMalformed, "the message's headers are broken; save it again from the mail program")
	}
	m := email{collector: c}
	m.headers(entity.Header)
	if err := m.entity(ctx, entity, 0); err != nil {
		return nil, nil, err
	}
	body := m.body.part()
	if m.charset != "" {
		body.Meta = charsetMeta(m.charset)
	}
	// The body comes first, whatever was attached before it.
	parts := append([]part{body}, c.parts...)
	for i := range parts[1:] {
		parts[i+1].Index++
	}
	for i := range c.bad {
		c.bad[i].Index++
	}
	if m.bad != nil {
		c.bad = append(c.bad, BadPart{Index: 0, Quarantine: *m.bad})
		parts = parts[1:]
	}
	if len(parts)+len(c.bad) == 0 {
		return nil, nil, quarantine(ReasonEmpty, "the message holds no text")
	}
	return parts, c.bad, nil
}

type email struct {
	*collector
	body    blockText
	charset string
	bad     *Quarantine // why the body can not be used
	count   int         // of parts
}

const maxMailDepth = 20 // of multipart entities in each other

// headers writes the headers that a reader of the message sees.
func (m *email) headers(h message.Header) {
	words := mime.WordDecoder{CharsetReader: func(charset string, r io.Reader) (io.Reader, error) {
		raw, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		text, _, ok := decodeNamed(raw, charset)
		if !ok {
			return nil, errors.New("unknown charset")
		}
		return strings.NewReader(text), nil
	}}
	var lines []string
	for _, key := range []string{"From", "To", "Cc", "Date", "Subject"} {
		value := h.Get(key)
		if decoded, err := words.DecodeHeader(value); err == nil {
			value = decoded
		}
		value = strings.Join(strings.Fields(strings.ToValidUTF8(value, "\uFFFD")), " ")
		if value != "" && !hasControls(value) {
			lines = append(lines, key+": "+value)
		}
	}
	m.body.add(lineGap, Block{Kind: BlockParagraph}, strings.Join(lines, "\n"))
}

// entity reads a message or a part of one.
func (m *email) entity(ctx context.Context, e *message.Entity, depth int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.count++; m.count > m.lim.MaxEntries || depth > maxMailDepth {
		return errTooDeep
	}
	kind, params, err := e.Header.ContentType()
	if err != nil || kind == "" {
		kind = "text/plain"
	}
	kind = strings.ToLower(kind)
	if reader := e.MultipartReader(); reader != nil {
		if kind == "multipart/encrypted" {
			m.refuse("", quarantine(ReasonEncrypted, "the message is encrypted; save it decrypted"))
			return nil
		}
		return m.multipart(ctx, kind, reader, depth)
	}
	data, err := m.bytes(e)
	if err != nil {
		return err
	}
	name, attached := attachmentName(e.Header, kind, params, m.count)
	switch {
	case data == nil || slices.Contains(machineParts, kind):
		return nil
	case kind == "application/pkcs7-mime" || kind == "application/x-pkcs7-mime":
		m.refuse("", quarantine(ReasonEncrypted, "the message is encrypted; save it decrypted"))
		return nil
	case strings.HasPrefix(kind, "image/") && e.Header.Get("Content-Id") != "":
		return nil // shown by the page
	case !attached && (kind == "text/plain" || kind == "text/html"):
		m.text(kind, params["charset"], data)
		return nil
	}
	return m.read(ctx, name, data)
}

// machineParts are parts of messages for machines.
var machineParts = []string{"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature", "message/delivery-status"}

// multipart reads the parts; of alternatives the best one.
func (m *email) multipart(ctx context.Context, kind string, r message.MultipartReader, depth int) error {
	var forms []*message.Entity
	for {
		e, err := r.NextPart()
		if errors.Is(err, io.EOF) && e == nil {
			break
		}
		if e == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
			m.refuse("", quarantine(ReasonTruncated, "a part of the message is missing or broken; save it again from the mail program"))
			break
		}
		if kind != "multipart/alternative" {
			if err := m.entity(ctx, e, depth+1); err != nil {
				return err
			}
			continue
		}
		// The parts of a multipart entity can be read only as they come.
		data, err := m.bytes(e)
		if err != nil {
			return err
		}
		e.Body = bytes.NewReader(data)
		if forms = append(forms, e); len(forms) > 100 {
			return errEntries
		}
	}
	if best := bestForm(forms); best != nil {
		return m.entity(ctx, best, depth+1)
	}
	return nil
}

// bestForm returns the plain text of alternatives, else HTML, else what holds
// it, else the last one, which the sender held to be the best.
func bestForm(forms []*message.Entity) *message.Entity {
	for _, want := range []string{"text/plain", "text/html", "multipart/"} {
		for _, e := range forms {
			kind, _, _ := e.Header.ContentType()
			if strings.HasPrefix(strings.ToLower(kind), want) {
				return e
			}
		}
	}
	if len(forms) == 0 {
		return nil
	}
	return forms[len(forms)-1]
}

// bytes reads a part within the limits; nil is a part that can not be used.
func (m *email) bytes(e *message.Entity) ([]byte, error) {
	limit := min(m.lim.MaxFile, m.lim.left())
	data, err := io.ReadAll(io.LimitReader(e.Body, limit+1))
	if int64(len(data)) > limit {
		return nil, errExpansion
	}
	if err != nil {
		m.refuse("", quarantine(ReasonTruncated, "a part of the message is missing or broken; save it again from the mail program"))
		return nil, nil
	}
	return data, m.lim.expand(len(data))
}

// text adds a part of the body.
func (m *email) text(kind, charset string, data []byte) {
	var p part
	text, name, err := decodeDeclared(data, charset)
	if err == nil && kind == "text/html" {
		if charset == "" {
			text, name, err = decodeHTML(data)
		}
		if err == nil {
			p, err = htmlPart(text)
		}
	} else {
		p.Text = text
	}
	if q := (*Quarantine)(nil); errors.As(err, &q) {
		m.bad = q
		return
	}
	if name != "utf-8" {
		m.charset = name
	}
	if p.Blocks == nil {
		m.body.add(emptyLineGap, Block{}, p.Text)
		return
	}
	for _, b := range p.Blocks {
		label := b.Label
		b.Label = ""
		m.body.add(emptyLineGap, b, p.Text[b.Start:b.End])
		if n := len(m.body.blocks); n > 0 {
			m.body.blocks[n-1].Label = label
		}
	}
}

// attachmentName returns the name of a part, and whether it is an attachment.
func attachmentName(h message.Header, kind string, params map[string]string, number int) (string, bool) {
	disposition, fields, _ := h.ContentDisposition()
	name := fields["filename"]
	if name == "" {
		name = params["name"]
	}
	name = path.Base(strings.ReplaceAll(name, "\\", "/"))
	attached := strings.EqualFold(disposition, "attachment") || name != "." && !strings.EqualFold(disposition, "inline")
	if clean, err := innerName(name); err == nil && name != "." {
		return clean, attached
	}
	ending := map[string]string{
		"text/plain": ".txt", "text/html": ".html", "message/rfc822": ".eml", "application/pdf": ".pdf", "text/csv": ".csv",
		"application/rtf": ".rtf", "text/rtf": ".rtf", "application/zip": ".zip", "application/json": ".json",
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
	}[kind]
	return fmt.Sprintf("part-%d%s", number, ending), attached
}
