package ingest

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"io"
	"strings"
)

// readDICOM reads structured reports and encapsulated documents. Other objects
// hold pictures and no text.
//
// Source: DICOM PS3.5 (data sets and their encoding), PS3.10 (files), PS3.3
// C.17 (structured reports).
func readDICOM(ctx context.Context, data []byte, lim Limits) ([]part, []BadPart, error) {
	lim = lim.withDefaults()
	set, err := parseDICOM(ctx, data, lim)
	if err != nil {
		return nil, nil, err
	}
	var parts []part
	var bad []BadPart
	switch class := set.ascii(tagSOPClass); {
	case strings.HasPrefix(class, "1.2.840.10008.5.1.4.1.1.88."):
		p, err := dicomReport(set)
		if err != nil {
			return nil, nil, err
		}
		parts = []part{p}
	case strings.HasPrefix(class, "1.2.840.10008.5.1.4.1.1.104."):
		c, err := newCollector(lim)
		if err != nil {
			return nil, nil, err
		}
		document := bytes.TrimRight(set.bytes(tagDocument), "\x00")
		if err := c.read(ctx, "document", document); err != nil {
			return nil, nil, err
		}
		parts, bad = c.parts, c.bad
	default:
		return nil, nil, quarantine(ReasonNoText, "the DICOM object is an image or another object without text; export the report as a structured report")
	}
	for i := range parts {
		set.patient(&parts[i])
	}
	return parts, bad, nil
}

type dicomTag uint32

// The elements that the reader looks at (PS3.6).
const (
	tagTransferSyntax dicomTag = 0x00020010
	tagCharset        dicomTag = 0x00080005
	tagSOPClass       dicomTag = 0x00080016
	tagModality       dicomTag = 0x00080060
	tagCodeValue      dicomTag = 0x00080100
	tagCodeMeaning    dicomTag = 0x00080104
	tagPatientName    dicomTag = 0x00100010
	tagPatientID      dicomTag = 0x00100020
	tagOtherIDs       dicomTag = 0x00101000
	tagOtherNames     dicomTag = 0x00101001
	tagBirthName      dicomTag = 0x00101005
	tagAddress        dicomTag = 0x00101040
	tagMotherName     dicomTag = 0x00101060
	tagPhones         dicomTag = 0x00102154
	tagRelationship   dicomTag = 0x0040a010
	tagValueType      dicomTag = 0x0040a040
	tagConceptName    dicomTag = 0x0040a043
	tagDateTime       dicomTag = 0x0040a120
	tagDate           dicomTag = 0x0040a121
	tagTime           dicomTag = 0x0040a122
	tagPersonName     dicomTag = 0x0040a123
	tagText           dicomTag = 0x0040a160
	tagConceptCode    dicomTag = 0x0040a168
	tagMeasured       dicomTag = 0x0040a300
	tagNumeric        dicomTag = 0x0040a30a
	tagUnits          dicomTag = 0x004008ea
	tagCompletion     dicomTag = 0x0040a491
	tagVerification   dicomTag = 0x0040a493
	tagContent        dicomTag = 0x0040a730
	tagDocument       dicomTag = 0x00420011
	tagPixels         dicomTag = 0x7fe00010
	tagItem           dicomTag = 0xfffee000
	tagItemEnd        dicomTag = 0xfffee00d
	tagSequenceEnd    dicomTag = 0xfffee0dd
)

const (
	implicitLittle = "1.2.840.10008.1.2"
	deflatedLittle = "1.2.840.10008.1.2.1.99"
	explicitBig    = "1.2.840.10008.1.2.2"

	undefinedLength  = 0xffffffff
	maxDICOMDepth    = 64
	maxDICOMElements = 1_000_000
)

// A dicomSet is a data set: the values of its elements, or the items of its
// sequences.
type dicomSet struct {
	values  map[dicomTag][]byte
	items   map[dicomTag][]*dicomSet
	charset string // of the whole object
}

var (
	errDICOM    = quarantine(ReasonMalformed, "the object does not follow DICOM; export it again")
	errDICOMCut = quarantine(ReasonTruncated, "the object ends in the middle; copy or export it again")
)

// parseDICOM parses a file: 128 bytes of preamble, "DICM", the meta information
// in explicit little-endian form, then the data set in the form that it names.
func parseDICOM(ctx context.Context, data []byte, lim Limits) (*dicomSet, error) {
	elements := 0
	meta := dicomReader{ctx: ctx, data: data[132:], order: binary.LittleEndian, explicit: true, elements: &elements}
	head, err := meta.set(0, func(t dicomTag) bool { return t>>16 != 2 })
	if err != nil {
		return nil, err
	}
	body := dicomReader{ctx: ctx, data: meta.data, order: binary.LittleEndian, explicit: true, elements: &elements}
	switch syntax := head.ascii(tagTransferSyntax); syntax {
	case implicitLittle:
		body.explicit = false
	case explicitBig:
		body.order = binary.BigEndian
	case deflatedLittle:
		expanded, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(body.data)), lim.left()+1))
		if int64(len(expanded)) > lim.left() {
			return nil, errExpansion
		}
		if err != nil {
			return nil, errDICOMCut
		}
		if err := lim.expand(len(expanded)); err != nil {
			return nil, err
		}
		body.data = expanded
	case "":
		return nil, errDICOM
	}
	set, err := body.set(0, func(t dicomTag) bool { return t == tagPixels })
	if err != nil {
		return nil, err
	}
	set.charset = dicomCharset(set.ascii(tagCharset))
	return set, nil
}

// A dicomReader takes elements from the front of its data.
type dicomReader struct {
	ctx      context.Context
	data     []byte
	order    binary.ByteOrder
	explicit bool
	elements *int // read so far, at all depths
}

// set reads elements until the data ends, an item ends, or one is not wanted.
func (r *dicomReader) set(depth int, unwanted func(dicomTag) bool) (*dicomSet, error) {
	if depth > maxDICOMDepth {
		return nil, errDICOM
	}
	s := &dicomSet{values: make(map[dicomTag][]byte), items: make(map[dicomTag][]*dicomSet)}
	for len(r.data) > 0 {
		if len(r.data) < 8 {
			return nil, errDICOMCut
		}
		tag := r.tag()
		if unwanted != nil && unwanted(tag) {
			return s, nil
		}
		if *r.elements++; *r.elements > maxDICOMElements {
			return nil, errDICOM
		}
		if *r.elements%1024 == 0 && r.ctx.Err() != nil {
			return nil, r.ctx.Err()
		}
		if tag == tagItemEnd {
			r.data = r.data[8:]
			return s, nil
		}
		kind, length, err := r.header()
		if err != nil {
			return nil, err
		}
		switch {
		case kind == "SQ" || length == undefinedLength:
			items, err := r.sequence(kind, length, depth)
			if err != nil {
				return nil, err
			}
			s.items[tag] = items
		case int64(length) > int64(len(r.data)):
			return nil, errDICOMCut
		default:
			value := r.data[:length]
			r.data = r.data[length:]
			// Without types on the elements, a sequence shows by its first item.
			if !r.explicit && len(value) >= 8 && (&dicomReader{data: value, order: r.order}).tag() == tagItem {
				inner := *r
				inner.data = value
				if items, err := inner.sequence("SQ", length, depth); err == nil {
					s.items[tag] = items
					continue
				} else if r.ctx.Err() != nil {
					return nil, err
				}
			}
			s.values[tag] = value
		}
	}
	return s, nil
}

func (r *dicomReader) tag() dicomTag {
	return dicomTag(r.order.Uint16(r.data))<<16 | dicomTag(r.order.Uint16(r.data[2:]))
}

// header takes the tag, the type and the length of an element.
func (r *dicomReader) header() (kind string, length uint32, err error) {
	if !r.explicit || r.tag()>>16 == 0xfffe {
		length = r.order.Uint32(r.data[4:])
		r.data = r.data[8:]
		return "", length, nil
	}
	kind = string(r.data[4:6])
	switch kind {
	case "OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV":
		if len(r.data) < 12 {
			return "", 0, errDICOMCut
		}
		length = r.order.Uint32(r.data[8:])
		r.data = r.data[12:]
		return kind, length, nil
	}
	if kind[0] < 'A' || kind[0] > 'Z' || kind[1] < 'A' || kind[1] > 'Z' {
		return "", 0, errDICOM
	}
	length = uint32(r.order.Uint16(r.data[6:]))
	r.data = r.data[8:]
	return kind, length, nil
}

// sequence reads the items of a sequence. One of unknown type is in implicit
// little-endian form (PS3.5, 6.2.2).
func (r *dicomReader) sequence(kind string, length uint32, depth int) ([]*dicomSet, error) {
	inner := *r
	if kind == "UN" {
		inner.explicit, inner.order = false, binary.LittleEndian
	}
	if length != undefinedLength {
		if int64(length) > int64(len(r.data)) {
			return nil, errDICOMCut
		}
		inner.data = r.data[:length]
	}
	before := len(inner.data)
	items, err := inner.items(length == undefinedLength, depth)
	if err != nil {
		return nil, err
	}
	if length != undefinedLength {
		r.data = r.data[length:]
	} else {
		r.data = r.data[before-len(inner.data):]
	}
	return items, nil
}

func (r *dicomReader) items(open bool, depth int) ([]*dicomSet, error) {
	var items []*dicomSet
	for len(r.data) > 0 {
		if len(r.data) < 8 {
			return nil, errDICOMCut
		}
		tag, length := r.tag(), r.order.Uint32(r.data[4:])
		r.data = r.data[8:]
		switch {
		case tag == tagSequenceEnd && open:
			return items, nil
		case tag != tagItem:
			return nil, errDICOM
		case length == undefinedLength:
			item, err := r.set(depth+1, nil)
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		case int64(length) > int64(len(r.data)):
			return nil, errDICOMCut
		default:
			inner := *r
			inner.data = r.data[:length]
			item, err := inner.set(depth+1, nil)
			if err != nil {
				return nil, err
			}
			items = append(items, item)
			r.data = r.data[length:]
		}
	}
	if open {
		return nil, errDICOMCut
	}
	return items, nil
}

// first is the first item of a sequence, nil where there is none.
func (s *dicomSet) first(tag dicomTag) *dicomSet {
	if items := s.items[tag]; len(items) > 0 {
		return items[0]
	}
	return nil
}

func (s *dicomSet) bytes(tag dicomTag) []byte { return s.values[tag] }

// ascii returns a value of letters and digits.
func (s *dicomSet) ascii(tag dicomTag) string {
	value := strings.Trim(string(s.values[tag]), " \x00")
	if !isPlain([]byte(value)) {
		return ""
	}
	return value
}

// dicomCharset names the encoding of a value of (0008,0005).
func dicomCharset(value string) string {
	first, second, _ := strings.Cut(value, `\`)
	if strings.TrimSpace(first) == "" {
		first = second
	}
	number := strings.NewReplacer("ISO_IR ", "", "ISO 2022 IR ", "").Replace(strings.TrimSpace(first))
	switch {
	case strings.Contains(value, "IR 87") || strings.Contains(value, "IR 159"):
		return "iso-2022-jp"
	case strings.Contains(value, "IR 149"):
		return "euc-kr"
	case strings.Contains(value, "IR 58"):
		return "gbk"
	}
	return map[string]string{
		"192": "utf-8", "GB18030": "gb18030", "GBK": "gbk", "100": "iso-8859-1", "101": "iso-8859-2", "109": "iso-8859-3", "110": "iso-8859-4",
		"144": "iso-8859-5", "127": "iso-8859-6", "126": "iso-8859-7", "138": "iso-8859-8", "148": "windows-1254", "203": "iso-8859-15",
		"13": "shift_jis", "166": "windows-874",
	}[number]
}
