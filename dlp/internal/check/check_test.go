package check

import (
	"strings"
	"testing"
)

// published are numbers that the issuing bodies or standards print as valid, and numbers
// that break one rule each.
var published = map[string]struct{ good, bad []string }{
	"luhn":                   {[]string{"79927398713", "4539 1488 0343 6467"}, []string{"79927398710", "0000000000000000", "123"}},
	"credit_card":            {[]string{"4111111111111111", "5555 5555 5555 4444", "3782 822463 10005", "2223003122003222", "6011111111111117", "3530111333300000"}, []string{"4111111111111112", "1234567812345670", "0000000000000000", "41-1111111111111-1", "9999999999999995", "4111 111111 111111"}},
	"card_apart":             {[]string{"4956 / 5119 / 1333 / 8275", "49-56-51-19-13-33-82-75", "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "four nine five six, Five one one nine, one three three three, eight two seven five"}, []string{"4956 / 5119 / 1333 / 8276", "four nine five six", "four nine five six five one one nine one three ten three eight two seven five", "x"}},
	"iban":                   {[]string{"GB82 WEST 1234 5698 7654 32", "de89370400440532013000", "NO93 8601 1117 947", "MT84MALT011000012345MTLCAST001S"}, []string{"GB82 WEST 1234 5698 7654 33", "XX82WEST12345698765432", "DE00370400440532013000", "DE8937040044053201300"}},
	"us_ssn":                 {[]string{"515-06-9705", "586 26 0142"}, []string{"000-12-3456", "666-12-3456", "900-12-3456", "123-00-4567", "123-45-0000", "078-05-1120", "111111111"}},
	"us_itin":                {[]string{"912-70-1234", "999-88-1234", "900-50-0001"}, []string{"912-69-1234", "912-93-1234", "812-70-1234", "912-66-1234"}},
	"us_ein":                 {[]string{"82-1026499", "01-2345678"}, []string{"07-1026499", "49-1026499", "96-1026499", "821026"}},
	"us_aba_routing":         {[]string{"111000025", "021000021", "026952284"}, []string{"111000026", "131000021", "000000000", "990000000"}},
	"us_npi":                 {[]string{"1234567893", "1146402262"}, []string{"1234567890", "3234567893"}},
	"us_dea":                 {[]string{"AB1234563", "FC1154260", "f91234563"}, []string{"AB1234564", "IB1234563", "A11234563"}},
	"us_mbi":                 {[]string{"1EG4-TE5-MK73", "1EG4TE5MK73"}, []string{"0EG4-TE5-MK73", "1SG4-TE5-MK73", "1EG4-TE5-MK7A", "1EGB-TE5-MK73"}},
	"uk_nhs":                 {[]string{"943 476 5919", "4010232137"}, []string{"943 476 5918", "478 080 5069", "1111111111"}},
	"uk_nino":                {[]string{"AB123456C", "JG 10 37 59 A"}, []string{"QQ123456C", "GB123456A", "AO123456C", "AB123456E", "DA123456C"}},
	"uk_driving_licence":     {[]string{"MORGA657054SM9IJ", "SMITH901233A99CD"}, []string{"MORGA687054SM9IJ", "MORGA657324SM9IJ", "99999657054SM9IJ", "x"}},
	"de_tax_id":              {[]string{"36574261809", "97514011288"}, []string{"36574261808", "06574261809", "12345678901", "11111111111"}},
	"de_social_security":     {[]string{"15070649C103", "65 170839 J 003"}, []string{"15070649C104", "15320649C103"}},
	"de_health_insurance":    {[]string{"A123456780"}, []string{"A123456781", "1123456780"}},
	"vat_de":                 {[]string{"DE136695976"}, []string{"DE136695975", "DE036695976"}},
	"de_lanr":                {[]string{"123456601", "838382202"}, []string{"123456701", "000000000"}},
	"sg_uen":                 {[]string{"00192200M", "197401143C", "S16FC0121D", "T01FC6132D"}, []string{"00192200K", "197401143D", "S16FC0121E", "", "X"}},
	"fr_nir":                 {[]string{"295109912611193", "2 95 10 99 126 111 93"}, []string{"295109912611194", "595109912611193", "295139912611193"}},
	"es_nif":                 {[]string{"54362315K", "66071310S", "J99216582", "A58818501"}, []string{"54362315A", "J99216583", "A5881850A", "12"}},
	"es_nie":                 {[]string{"X2482300W", "X-2482300-W"}, []string{"X2482300A", "W2482300W"}},
	"it_fiscal_code":         {[]string{"RCCMNL83S18D969H", "rccmnl83s18d969h"}, []string{"RCCMNL83S18D969A", "RCCMNL83S38D969H", "RCCMNL83Z18D969H"}},
	"it_vat":                 {[]string{"00743110157", "IT00743110157"}, []string{"00743110158", "00000000000"}},
	"nl_bsn":                 {[]string{"111222333", "123456782"}, []string{"111222334", "000000000"}},
	"fi_hetu":                {[]string{"131052-308T", "010594Y9032"}, []string{"131052-308U", "311152-308T", "131052/308T", "1310-52308T"}},
	"se_personnummer":        {[]string{"880320-0016", "19880320-0016", "510410-0341", "701063-2391"}, []string{"880320-0018", "881320-0016", "17880320-0016"}},
	"se_organisationsnummer": {[]string{"556036-0793"}, []string{"556036-0794", "551036-0793"}},
	"pl_pesel":               {[]string{"44051401359", "02070803628"}, []string{"44051401358", "44131401359"}},
	"tr_national_id":         {[]string{"17291716060", "72644700370"}, []string{"17291716050", "07291716060"}},
	"in_aadhaar":             {[]string{"2341 2341 2346", "646489892491"}, []string{"234123412347", "123412341234", "643343121", "222222222222"}},
	"in_pan":                 {[]string{"ACUPA7085R", "AAPFU0939F"}, []string{"ACUEA7085R", "ACUPA0000R", "ACUPA70855"}},
	"in_gstin":               {[]string{"27AAPFU0939F1ZV"}, []string{"27AAPFU0939F1ZW", "00AAPFU0939F1ZV", "39AAPFU0939F1ZV"}},
	"cn_ric":                 {[]string{"11010519491231002X", "360426199101010071"}, []string{"110105194912310021", "990105194912310021", "11010519491331002X"}},
	"kr_rrn":                 {[]string{"971013-9019902"}, []string{"971013-9019903", "971313-9019902"}},
	"kr_brn":                 {[]string{"116-82-00276"}, []string{"116-82-00277"}},
	"sg_nric_fin":            {[]string{"S1234567D", "T1234567J", "F1234567N", "G1234567X", "M1234567K"}, []string{"S1234567E", "A1234567D", "S0000000J"}},
	"th_tnin":                {[]string{"1-2345-45678-78-1"}, []string{"1-2345-45678-78-2", "0234545678781"}},
	"au_abn":                 {[]string{"83 914 571 673", "51824753556"}, []string{"99 999 999 999", "83 914 571 674"}},
	"au_acn":                 {[]string{"004 085 616", "010 499 966"}, []string{"004 085 617"}},
	"au_medicare":            {[]string{"2123 45670 1", "2123456701"}, []string{"2123 45671 1", "1123456701", "2123456700"}},
	"au_tfn":                 {[]string{"123 456 782"}, []string{"123 456 783", "999 999 999"}},
	"br_cpf":                 {[]string{"390.533.447-05"}, []string{"390.533.447-06", "111.111.111-11"}},
	"br_cnpj":                {[]string{"16.727.230/0001-97", "12.ABC.345/01DE-35"}, []string{"16.727.230/0001-98", "12.ABC.345/01DE-36", "00000000000000"}},
	"ca_sin":                 {[]string{"123-456-782", "193 456 787"}, []string{"123-456-783", "046 454 286", "800 000 002"}},
	"za_id_number":           {[]string{"7503305044089", "8801235111088"}, []string{"7503305044088", "7513305044089"}},
	"vin":                    {[]string{"1M8GDM9AXKP042788", "1HGCM82633A004352"}, []string{"IM8GDM9AXKP042788", "1M8GDM9AXKP04278", "ABCDEFGHJKLMNPRST"}},
	"imei":                   {[]string{"490154203237518", "35-686800-004141-8"}, []string{"490154203237519", "790154203237518"}},
	"mac_address":            {[]string{"3C:22:FB:4A:91:07", "3c22.fb4a.9107"}, []string{"FF:FF:FF:FF:FF:FF", "00:00:5E:00:53:01", "01:22:33:44:55:66", "00:11:22:33:44:55"}},
	"jwt":                    {[]string{"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"}, []string{"eyJub3QiOiIxIn0.eyJzdWIiOiIxIn0.c2ln", "a.b.c", "x"}},
}

func TestPublishedNumbers(t *testing.T) {
	for name, c := range published {
		agrees(t, name, c.good, c.bad)
	}
	if len(published) < 48 {
		t.Fatalf("%d validators have published numbers, want at least 48", len(published))
	}
}

// agrees checks what a validator says of values without showing them.
func agrees(t *testing.T, name string, good, bad []string) {
	t.Helper()
	v, ok := Lookup(name)
	if !ok {
		t.Errorf("no validator %q", name)
		return
	}
	for i, s := range good {
		if v.Check(s) < Good {
			t.Errorf("%s: value %d, which is valid, is refused", name, i+1)
		}
	}
	for i, s := range bad {
		if v.Check(s) != Bad {
			t.Errorf("%s: value %d, which breaks a rule, is accepted", name, i+1)
		}
	}
}

// One wrong digit or two neighbours that changed places are what check digits are for.
func TestCheckDigitsCatchSlips(t *testing.T) {
	for _, name := range []string{"iban", "in_aadhaar", "pl_pesel", "cn_ric", "de_tax_id", "nl_bsn", "fr_nir"} {
		v, _ := Lookup(name)
		value := Compact(published[name].good[0])
		for i := range value {
			if value[i] < '0' || value[i] > '9' {
				continue
			}
			wrong := value[:i] + string('0'+(value[i]-'0'+1)%10) + value[i+1:]
			if v.Check(wrong) >= Good {
				t.Errorf("%s: a slip at position %d goes unnoticed", name, i+1)
			}
		}
	}
}

func TestNamesAreUnique(t *testing.T) {
	names := Names()
	for i := 1; i < len(names); i++ {
		if names[i] == names[i-1] {
			t.Errorf("validator %q is defined twice", names[i])
		}
	}
	for _, v := range All() {
		if len(published[v.Name].good) == 0 && len(structured[v.Name].good) == 0 {
			t.Errorf("validator %q has no values that it must accept", v.Name)
		}
		if v.About == "" || v.Name != strings.ToLower(v.Name) {
			t.Errorf("validator %q has no description or a name in capitals", v.Name)
		}
	}
}

func FuzzValidators(f *testing.F) {
	for _, c := range published {
		for _, s := range append(c.good, c.bad...) {
			f.Add(s)
		}
	}
	for _, c := range structured {
		for _, s := range append(c.good, c.bad...) {
			f.Add(s)
		}
	}
	all := All()
	f.Fuzz(func(t *testing.T, s string) {
		for _, v := range all {
			if v.Prefix != nil {
				if n := v.Prefix(s); n < 0 || n > len(s) {
					t.Fatalf("%s: prefix %d of %d bytes", v.Name, n, len(s))
				}
			}
			if got := v.Check(s); got > Sure {
				t.Fatalf("%s: verdict %d", v.Name, got)
			}
		}
	})
}
