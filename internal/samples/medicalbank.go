package samples

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// A finding is one kind of observation with all of its wordings.
type finding struct {
	name       string
	weight     int // how early it stands in an impression
	freq       int // how often it is seen
	sides      []string
	severities []string
	changes    []string // against a prior study
	present    []string
	uncertain  []string
	brief      []string // in an impression
	briefMaybe []string
}

// A negative is a sentence that says that some findings are absent.
type negative struct {
	names     []string
	conflicts []string // findings beside which the sentence would be untrue
	text      string
}

// A study is an examination with what may be said of it.
type study struct {
	name       string // "cxr": the start of file names
	code       string // LOINC code and display, apart by a space
	share      int    // of a hundred reports
	titles     []string
	techniques []string
	reasons    []string
	normals    []string
	noAcute    []string // those of normals that allow for chronic findings
	others     []string
	neutrals   []string
	negatives  []negative
	findings   []finding
}

// shares say how often each study is made.
var shares = []struct {
	name  string
	share int
}{{"cxr", 62}, {"ct_chest", 14}, {"ct_head", 8}, {"ct_abdomen", 9}, {"knee", 7}}

// conflictGroups stand for several findings in a list of conflicts.
var conflictGroups = map[string][]string{
	"LUNG": {"consolidation", "pneumonia", "lung opacity", "atelectasis", "lung lesion", "edema", "granuloma", "scarring",
		"emphysema", "hyperinflation", "interstitial disease", "bronchial thickening", "cavitary lesion", "vascular congestion",
		"bronchiectasis", "fibrosis"},
	"BONE":   {"fracture", "compression deformity", "degenerative changes", "scoliosis", "rotator cuff arthropathy", "sternotomy"},
	"DEVICE": {"support devices", "central line", "pacemaker", "nasogastric tube"},
}

// rivals are findings of which a report has at most one.
var rivals = [][]string{
	{"consolidation", "pneumonia", "lung opacity", "cavitary lesion"},
	{"emphysema", "hyperinflation", "fibrosis"},
	{"edema", "vascular congestion", "interstitial disease"},
	{"cardiomegaly", "enlarged cardiomediastinum"},
	{"diverticulosis", "diverticulitis"},
	{"intracranial hemorrhage", "subdural hematoma", "infarct"},
	{"atrophy", "hydrocephalus"},
	{"osteoarthritis", "hardware", "loose body", "chondrocalcinosis"},
	{"lung lesion", "cavitary lesion"},
	{"atelectasis", "scarring"},
}

var changeSets = map[string][]string{
	"any":              {"stable", "increased", "decreased", "new"},
	"stable":           {"stable"},
	"new":              {"new"},
	"stable,increased": {"stable", "increased"},
	"stable,new":       {"stable", "new"},
	"new,stable":       {"stable", "new"},
}

func loadStudies() ([]study, error) {
	var out []study
	for _, s := range shares {
		st := study{name: strings.ReplaceAll(s.name, "_", ""), share: s.share}
		if err := st.readStudy("bank/medical/" + s.name + "_study.txt"); err != nil {
			return nil, err
		}
		if err := st.readFindings("bank/medical/" + s.name + ".txt"); err != nil {
			return nil, err
		}
		out = append(out, st)
	}
	return out, nil
}

func (s *study) readStudy(name string) error {
	data, err := fs.ReadFile(bankFiles, name)
	if err != nil {
		return fmt.Errorf("samples: reading the bank: %w", err)
	}
	for l := range strings.Lines(string(data)) {
		kind, rest, _ := strings.Cut(strings.TrimSpace(l), ": ")
		switch kind {
		case "title":
			s.titles = append(s.titles, rest)
		case "code":
			s.code = rest
		case "technique":
			s.techniques = append(s.techniques, rest)
		case "indication":
			s.reasons = append(s.reasons, rest)
		case "normal":
			s.normals = append(s.normals, rest)
			if strings.HasPrefix(rest, "No ") && strings.Contains(rest, "acute") {
				s.noAcute = append(s.noAcute, rest)
			}
		case "other":
			s.others = append(s.others, rest)
		case "neutral":
			s.neutrals = append(s.neutrals, rest)
		case "negative":
			s.negatives = append(s.negatives, parseNegative(strings.TrimPrefix(strings.TrimSpace(l), "negative: ")))
		default:
			return fmt.Errorf("samples: %s: %q is none of the kinds of lines", name, kind)
		}
	}
	return nil
}

// parseNegative reads "absent; absent ! conflict; conflict :: sentence".
func parseNegative(s string) negative {
	head, text, _ := strings.Cut(s, " :: ")
	names, conflicts, _ := strings.Cut(head, "!")
	n := negative{names: list(names, ";"), text: text}
	for _, c := range list(conflicts, ";") {
		if group, ok := conflictGroups[c]; ok {
			n.conflicts = append(n.conflicts, group...)
		} else {
			n.conflicts = append(n.conflicts, c)
		}
	}
	return n
}

func (s *study) readFindings(name string) error {
	data, err := fs.ReadFile(bankFiles, name)
	if err != nil {
		return fmt.Errorf("samples: reading the bank: %w", err)
	}
	for l := range strings.Lines(string(data)) {
		l = strings.TrimSpace(l)
		if l == "" || l[0] == '#' {
			continue
		}
		mark, text := l[0], strings.TrimSpace(l[1:])
		if mark == '*' {
			f, err := parseFinding(text)
			if err != nil {
				return fmt.Errorf("samples: %s: %w", name, err)
			}
			s.findings = append(s.findings, f)
			continue
		}
		if len(s.findings) == 0 {
			return fmt.Errorf("samples: %s: %q stands before the first finding", name, l)
		}
		f := &s.findings[len(s.findings)-1]
		switch mark {
		case '+':
			f.present = append(f.present, text)
		case '?':
			f.uncertain = append(f.uncertain, text)
		case '=':
			f.brief = append(f.brief, text)
		case '~':
			f.briefMaybe = append(f.briefMaybe, text)
		default:
			return fmt.Errorf("samples: %s: %q begins with none of + ? = ~", name, l)
		}
	}
	return nil
}

// parseFinding reads "name | weight 8 | freq 10 | side right,left | ...".
func parseFinding(s string) (finding, error) {
	parts := list(s, "|")
	f := finding{name: parts[0]}
	for _, p := range parts[1:] {
		key, value, _ := strings.Cut(p, " ")
		var err error
		switch key {
		case "weight":
			f.weight, err = strconv.Atoi(value)
		case "freq":
			f.freq, err = strconv.Atoi(value)
		case "side":
			f.sides = list(value, ",")
		case "sev":
			f.severities = list(value, ",")
		case "chg":
			if f.changes = changeSets[value]; f.changes == nil {
				err = fmt.Errorf("no set of changes is called %q", value)
			}
		default:
			err = fmt.Errorf("no option is called %q", key)
		}
		if err != nil {
			return f, fmt.Errorf("finding %s: %w", f.name, err)
		}
	}
	return f, nil
}
