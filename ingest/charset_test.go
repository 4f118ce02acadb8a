package ingest

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// notices are texts of the length of a letter, in several scripts.
var notices = map[string]string{
	"ja":   "本契約は、甲乙間の秘密情報の取り扱いについて定めるものとする。受領者は開示者の書面による事前の承諾なく第三者に開示してはならない。",
	"zh":   "本合同由双方于北京签订。任何一方未经对方书面同意，不得向第三方披露保密信息。本协议自签署之日起生效。",
	"zhtw": "本合約由雙方於臺北簽訂。任何一方未經對方書面同意，不得向第三方揭露機密資訊。本協議自簽署之日起生效。",
	"ko":   "이 계약은 당사자 간의 비밀정보 보호에 관하여 정한다. 수령자는 서면 동의 없이 제삼자에게 공개할 수 없다.",
	"ru":   "Настоящий договор заключен между сторонами. Ни одна из сторон не вправе раскрывать информацию третьим лицам без согласия.",
	"el":   "Η παρούσα σύμβαση συνάπτεται μεταξύ των μερών. Κανένα μέρος δεν δικαιούται να αποκαλύψει πληροφορίες σε τρίτους.",
	"pl":   "Niniejsza umowa zostaje zawarta pomiędzy stronami. Żadna ze stron nie może ujawniać informacji osobom trzecim bez pisemnej zgody, chyba że wynika to z przepisów prawa. Złożono w dniu 5 września.",
	"tr":   "Bu sözleşme taraflar arasında yapılmıştır. Taraflardan hiçbiri yazılı onay olmadan gizli bilgileri üçüncü kişilere açıklayamaz. Değişiklikler yazılı olmalıdır.",
	"he":   "הסכם זה נערך בין הצדדים. אף צד אינו רשאי לגלות מידע סודי לצד שלישי ללא הסכמה בכתב ומראש.",
	"ar":   "تم إبرام هذا العقد بين الطرفين. لا يجوز لأي طرف الكشف عن المعلومات السرية لأي طرف ثالث دون موافقة خطية مسبقة.",
	"de":   "Dieser Vertrag wird zwischen den Parteien geschlossen. Änderungen bedürfen der Schriftform; § 4 gilt „sinngemäß“.",
	"fr":   "Le présent contrat est conclu entre les parties. Aucune des parties ne peut divulguer des informations à des tiers sans l’accord préalable écrit.",
}

// TestEncodings decodes plain text in encodings that nothing declares. A text
// that is not certain must be put aside, never read wrongly.
func TestEncodings(t *testing.T) {
	tests := []struct{ language, charset string }{
		{"ja", "shift_jis"}, {"ja", "euc-jp"}, {"ja", "iso-2022-jp"}, {"zh", "gb18030"}, {"zhtw", "big5"}, {"ko", "euc-kr"},
		{"ru", "windows-1251"}, {"ru", "koi8-r"}, {"ru", "iso-8859-5"}, {"el", "windows-1253"}, {"el", "iso-8859-7"},
		{"pl", "windows-1250"}, {"pl", "iso-8859-2"}, {"tr", "windows-1254"}, {"he", "windows-1255"}, {"ar", "windows-1256"},
		{"ar", "iso-8859-6"}, {"de", "windows-1252"}, {"fr", "windows-1252"},
	}
	for _, tt := range tests {
		t.Run(tt.language+" "+tt.charset, func(t *testing.T) {
			e, err := htmlindex.Get(tt.charset)
			if err != nil {
				t.Fatal(err)
			}
			data, err := e.NewEncoder().Bytes([]byte(notices[tt.language]))
			if err != nil {
				t.Fatal(err)
			}
			d := mustRead(t, "a.txt", data)
			if d.Text != notices[tt.language] || d.Meta["charset"] == "" {
				t.Errorf("meta %v, text %q", d.Meta, d.Text)
			}
		})
	}
	for name, e := range map[string]struct {
		encode func(string) ([]byte, error)
		meta   string
	}{
		"utf-16le without mark": {func(s string) ([]byte, error) {
			return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().Bytes([]byte(s))
		}, "utf-16le"},
		"utf-16be without mark": {func(s string) ([]byte, error) {
			return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().Bytes([]byte(s))
		}, "utf-16be"},
		"utf-32le without mark": {func(s string) ([]byte, error) {
			return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM).NewEncoder().Bytes([]byte(s))
		}, "utf-32le"},
		"utf-32be with mark": {func(s string) ([]byte, error) {
			return utf32.UTF32(utf32.BigEndian, utf32.UseBOM).NewEncoder().Bytes([]byte(s))
		}, "utf-32be"},
		"utf-32le with mark": {func(s string) ([]byte, error) {
			return utf32.UTF32(utf32.LittleEndian, utf32.UseBOM).NewEncoder().Bytes([]byte(s))
		}, "utf-32le"},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := e.encode(notices["fr"])
			if err != nil {
				t.Fatal(err)
			}
			if d := mustRead(t, "a.txt", data); d.Text != notices["fr"] || d.Meta["charset"] != e.meta {
				t.Errorf("meta %v, text %q", d.Meta, d.Text)
			}
		})
	}
}

func TestUncertainEncodings(t *testing.T) {
	for name, data := range map[string]string{
		"a few bytes":            "\xc4\xe0",
		"DOS":                    "caf\x82 cr\x8ame",
		"DOS umlauts":            "f\x81r sp\x84ter",
		"a mixture with UTF-8":   "na\xc3\xafve caf\xe9",
		"Shift-JIS cut short":    strings.Repeat("\x82\xa0\x82\xa2", 30) + "\x82",
		"random bytes":           "\x9f\x8d\xfe\xc1\x90\x81\xee\xf1\xd3\x07\x9f",
		"a word of Windows-1251": "\xc4\xee\xe3\xee",
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := readOne(t, "a.txt", []byte(data))
			checkReason(t, err, ReasonEncoding)
		})
	}
}
