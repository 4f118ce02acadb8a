package legal

import (
	"reflect"
	"testing"
)

func TestNarrow(t *testing.T) {
	for _, tt := range []struct {
		category, segment string
		want              []string
	}{
		{"Document Name", "SUPPLY AGREEMENT", []string{"SUPPLY AGREEMENT"}},
		{"Document Name", "EXHIBIT 10.2 SUPPLY AGREEMENT", []string{"SUPPLY AGREEMENT"}},
		{"Document Name", `THIS DISTRIBUTOR AGREEMENT (the "Agreement") is made by and between Electric City Corp., a Delaware corporation ("Company") and others`, []string{"DISTRIBUTOR AGREEMENT"}},
		{"Agreement Date", "dated this 7th day of September, 1999, between", []string{"7th day of September, 1999"}},
		{"Agreement Date", "made as of September 7, 1999 by", []string{"September 7, 1999"}},
		{"Agreement Date", "Date: 9/7/99", []string{"9/7/99"}},
		{"Agreement Date", "this ____ day of ________, 2015", []string{"____ day of ________, 2015"}},
		{"Agreement Date", "as of [*] between", []string{"[*]"}},
		{"Agreement Date", "the date first above written", []string{"the date first above written"}},
		{"Effective Date", "signed on May 1, 2020 and effective as of June 1, 2020", []string{"June 1, 2020"}},
		{"Effective Date", "This Agreement shall commence on June 1, 2020.", []string{"This Agreement shall commence on June 1, 2020."}},
		{"Expiration Date", "It ends on May 1, 2020.", []string{"It ends on May 1, 2020."}},
		{"Parties", `Electric City Corp., a Delaware corporation ("Company") and Electric City of Illinois LLC ("Distributor")`,
			[]string{"Electric City Corp.", "Company", "Electric City of Illinois LLC", "Distributor"}},
		{"Parties", `Gianluca Rotino, an individual (the "Consultant")`, []string{"Gianluca Rotino", "Consultant"}},
		{"Parties", `Party A: Rise Education Co., Ltd. ("Service Provider")`, []string{"Party A", "Rise Education Co., Ltd.", "Service Provider"}},
		{"Parties", "they sign below", []string{"they sign below"}},
	} {
		var got []string
		text := "…\n" + tt.segment + "\n…"
		seg := span{len("…\n"), len("…\n") + len(tt.segment)}
		for _, v := range narrow(categories[byName[tt.category]], text, seg) {
			got = append(got, v.of(text))
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s in %q: got %q, want %q", tt.category, tt.segment, got, tt.want)
		}
	}
}
