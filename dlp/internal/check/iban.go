package check

import "strings"

// banks are the checks of account numbers.
func banks() []Validator {
	return []Validator{
		{Name: "iban", About: "ISO 13616: length and letters of the country, mod 97", Check: iban, Prefix: ibanPrefix},
	}
}

// ibanLengths are the lengths of the SWIFT IBAN registry; d marks countries whose account
// part is digits only.
var ibanLengths = map[string]struct {
	length int
	digits bool
}{
	"AD": {24, false}, "AE": {23, true}, "AL": {28, false}, "AT": {20, true}, "AZ": {28, false},
	"BA": {20, true}, "BE": {16, true}, "BG": {22, false}, "BH": {22, false}, "BI": {27, true},
	"BR": {29, false}, "BY": {28, false}, "CH": {21, false}, "CR": {22, true}, "CY": {28, false},
	"CZ": {24, true}, "DE": {22, true}, "DJ": {27, true}, "DK": {18, true}, "DO": {28, false},
	"EE": {20, true}, "EG": {29, true}, "ES": {24, true}, "FI": {18, true}, "FK": {18, false},
	"FO": {18, true}, "FR": {27, false}, "GB": {22, false}, "GE": {22, false}, "GI": {23, false},
	"GL": {18, true}, "GR": {27, false}, "GT": {28, false}, "HN": {28, false}, "HR": {21, true},
	"HU": {28, true}, "IE": {22, false}, "IL": {23, true}, "IQ": {23, false}, "IS": {26, true},
	"IT": {27, false}, "JO": {30, false}, "KW": {30, false}, "KZ": {20, false}, "LB": {28, false},
	"LC": {32, false}, "LI": {21, false}, "LT": {20, true}, "LU": {20, false}, "LV": {21, false},
	"LY": {25, true}, "MC": {27, false}, "MD": {24, false}, "ME": {22, true}, "MK": {19, false},
	"MN": {20, true}, "MR": {27, true}, "MT": {31, false}, "MU": {30, false}, "NI": {28, false},
	"NL": {18, false}, "NO": {15, true}, "OM": {23, false}, "PK": {24, false}, "PL": {28, true},
	"PS": {29, false}, "PT": {25, true}, "QA": {29, false}, "RO": {24, false}, "RS": {22, true},
	"RU": {33, false}, "SA": {24, false}, "SC": {31, false}, "SD": {18, true}, "SE": {24, true},
	"SI": {19, true}, "SK": {24, true}, "SM": {27, false}, "SO": {23, true}, "ST": {25, true},
	"SV": {28, false}, "TL": {23, true}, "TN": {24, true}, "TR": {26, false}, "UA": {29, false},
	"VA": {22, true}, "VG": {24, false}, "XK": {20, true}, "YE": {30, false},
}

// ibanPrefix cuts a match to the country's length when a group ends there.
func ibanPrefix(s string) int {
	if len(s) < 2 {
		return len(s)
	}
	country, ok := ibanLengths[strings.ToUpper(s[:2])]
	n := 0
	for i := range len(s) {
		if c := s[i]; among(c, " -._/") {
			if ok && n == country.length {
				return i
			}
			continue
		}
		n++
	}
	return len(s)
}

// iban checks the registry's structure and ISO 7064 mod 97-10.
func iban(s string) Verdict {
	v := Compact(s)
	if len(v) < 15 || len(v) > 34 {
		return Bad
	}
	country, ok := ibanLengths[v[:2]]
	if !ok || len(v) != country.length {
		return Bad
	}
	rest, zeros := 0, 0
	for i := range len(v) {
		c := v[(i+4)%len(v)] // the first four characters go last
		switch {
		case c >= '0' && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
			if c == '0' {
				zeros++
			}
		case c >= 'A' && c <= 'Z':
			if country.digits && i < len(v)-4 {
				return Bad
			}
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return Bad
		}
	}
	// Check digits run from 02 to 98: 00, 01 and 99 have equals mod 97 that are not issued.
	return verdict(rest == 1 && zeros < len(v)-6 && v[2:4] > "01" && v[2:4] < "99")
}
