package ingest

import "strconv"

// skippedRTF are the destinations that hold no text of the document.
var skippedRTF = map[string]bool{
	"colortbl": true, "stylesheet": true, "info": true, "pict": true, "header": true, "headerl": true, "headerr": true,
	"headerf": true, "footer": true, "footerl": true, "footerr": true, "footerf": true, "object": true, "themedata": true,
	"datastore": true, "listtable": true, "listoverridetable": true, "rsidtbl": true, "generator": true, "xmlnstbl": true,
	"fldinst": true, "annotation": true, "atnid": true, "atnauthor": true, "atnref": true, "bkmkstart": true, "bkmkend": true,
	"latentstyles": true, "colorschememapping": true, "pgptbl": true, "revtbl": true, "filetbl": true, "nonshppict": true,
	"ftnsep": true, "ftnsepc": true, "ftncn": true, "aftnsep": true, "aftnsepc": true, "aftncn": true, "do": true,
	"objdata": true, "blipuid": true, "tc": true, "xe": true, "template": true, "operator": true, "pntxta": true, "pntxtb": true,
}

// keptRTF are destinations marked with \* that hold text all the same.
var keptRTF = map[string]bool{"shptxt": true, "shpinst": true, "shppict": false, "footnote": true, "listtext": true, "pntext": true}

// word obeys a control word and its number, if it has one.
func (r *rtfReader) word(word string, value int, has bool) {
	r.unread = min(r.unread, 1<<20)
	if word != "u" {
		r.flushBytes()
	}
	if r.state.ignored && r.state.first {
		r.state.ignored = false
		if !keptRTF[word] {
			r.state.hidden = true
		}
	}
	if skippedRTF[word] {
		r.state.hidden = true
		return
	}
	switch word {
	case "bin":
		r.at = min(r.at+max(value, 0), len(r.data))
	case "u":
		r.unicode(value)
	case "uc":
		r.state.skip = min(max(value, 0), 16)
	case "ansicpg":
		r.codepage = rtfCodepage(value)
	case "mac":
		r.codepage = "macintosh"
	case "pc":
		r.codepage = "ibm437"
	case "pca":
		r.codepage = "ibm850"
	case "fonttbl":
		r.state.hidden, r.state.fonttbl = true, true
	case "f":
		if r.state.fonttbl {
			r.font = value
		} else {
			r.state.font = value
		}
	case "fcharset":
		if name := rtfCharset(value); r.state.fonttbl && name != "" && len(r.fonts) < 10_000 {
			r.fonts[r.font] = name
		}
	case "v":
		r.state.hidden = r.state.hidden || !has || value != 0
	case "deleted":
		if on := !has || value != 0; on != r.state.deleted {
			r.state.deleted = on
			if on {
				r.deleted++
			}
		}
	case "listtext", "pntext":
		r.state.listText = true
		r.listText.Reset()
	case "footnote":
		r.state.footnote = true
		if r.note.Len() > 0 {
			r.note.WriteByte('\n')
		}
	case "outlinelevel":
		if has && value >= 0 && value < 9 {
			r.state.outline = value + 1
		}
	default:
		r.layout(word)
	}
}

// layout reads the words that end paragraphs, cells and rows, or stand for a
// character.
func (r *rtfReader) layout(word string) {
	switch word {
	case "pard":
		r.state.inTable, r.state.outline = false, 0
	case "plain":
		r.state.deleted = false
	case "intbl":
		r.state.inTable = true
	case "par", "sect", "page":
		if !r.state.hidden && !r.state.footnote {
			r.endParagraph()
		} else if r.state.footnote {
			r.write("\n")
		}
	case "line":
		r.write("\n")
	case "tab":
		r.write("\t")
	case "cell", "nestcell":
		if !r.state.hidden {
			r.cells = append(r.cells, r.take())
		}
	case "row", "nestrow":
		if !r.state.hidden {
			r.rows = append(r.rows, r.cells)
			r.cells = nil
		}
	case "chftn":
		if r.state.footnote {
			r.write(strconv.Itoa(r.notes+1) + " ")
		} else {
			r.write("[" + strconv.Itoa(r.notes+1) + "]")
		}
	default:
		r.write(rtfCharacters[word])
	}
}

var rtfCharacters = map[string]string{
	"emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”",
	"emspace": " ", "enspace": " ", "qmspace": " ",
}
