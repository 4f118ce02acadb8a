package ingest

import (
	"strconv"
	"strings"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
)

// decodeRTF decodes bytes of a code page, two of which only DOS had.
func decodeRTF(raw []byte, name string) (string, bool) {
	switch name {
	case "ibm437":
		text, err := charmap.CodePage437.NewDecoder().Bytes(raw)
		return string(text), err == nil
	case "ibm850":
		text, err := charmap.CodePage850.NewDecoder().Bytes(raw)
		return string(text), err == nil
	}
	text, _, ok := decodeNamed(raw, name)
	return text, ok
}

// rtfCodepage names a Windows code page.
func rtfCodepage(n int) string {
	switch n {
	case 437:
		return "ibm437"
	case 850:
		return "ibm850"
	case 932:
		return "shift_jis"
	case 936:
		return "gbk"
	case 949:
		return "euc-kr"
	case 950:
		return "big5"
	case 65001:
		return "utf-8"
	case 10000:
		return "macintosh"
	}
	if name := "windows-" + strconv.Itoa(n); strings.HasPrefix(name, "windows-125") || n == 874 {
		if _, err := htmlindex.Get(name); err == nil {
			return name
		}
	}
	return "windows-1252"
}

// rtfCharset names the code page of a font's character set; "" is the
// document's own.
func rtfCharset(n int) string {
	pages := map[int]int{77: 10000, 128: 932, 129: 949, 134: 936, 136: 950, 161: 1253, 162: 1254, 163: 1258, 177: 1255, 178: 1256, 186: 1257, 204: 1251, 222: 874, 238: 1250}
	if page, ok := pages[n]; ok {
		return rtfCodepage(page)
	}
	return ""
}
