package check

import (
	"strings"
)

// asia are the checks of Asian numbers.
func asia() []Validator {
	return []Validator{
		{Name: "in_aadhaar", About: "UIDAI: first digit 2-9, Verhoeff, no palindrome", Check: inAadhaar},
		{Name: "in_pan", About: "holder's kind at the fourth letter, serial not 0000", Check: inPAN},
		{Name: "in_gstin", About: "state, PAN, check character base 36", Check: inGSTIN},
		{Name: "cn_ric", About: "GB 11643: province, birth date, ISO 7064 mod 11-2", Check: cnRIC},
		{Name: "kr_rrn", About: "birth date, century digit, mod 11 (numbers since October 2020 have none)", Check: krRRN},
		{Name: "kr_brn", About: "National Tax Service weights", Check: krBRN},
		{Name: "sg_nric_fin", About: "prefix S, T, F, G or M, control letter", Check: sgNRIC},
		{Name: "sg_uen", About: "ACRA: check letter of businesses, local companies and other entities", Check: sgUEN},
		{Name: "th_tnin", About: "first digit 1-8, weights 13 to 2, mod 11", Check: thTNIN},
	}
}

var verhoeffPermute = [8][10]byte{
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
	{1, 5, 7, 6, 2, 8, 3, 0, 9, 4},
	{5, 8, 0, 3, 7, 9, 6, 1, 4, 2},
	{8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
	{9, 4, 5, 3, 1, 2, 6, 8, 7, 0},
	{4, 2, 8, 6, 5, 7, 3, 9, 0, 1},
	{2, 7, 9, 3, 8, 0, 6, 4, 1, 5},
	{7, 0, 4, 6, 9, 1, 3, 2, 5, 8},
}

// verhoeff checks with the multiplication of the dihedral group D5.
func verhoeff(d string) bool {
	c := 0
	for i := range len(d) {
		c = dihedral(c, int(verhoeffPermute[i%8][d[len(d)-1-i]-'0']))
	}
	return c == 0
}

func dihedral(a, b int) int {
	switch {
	case a < 5 && b < 5:
		return (a + b) % 5
	case a < 5:
		return 5 + (a+b)%5
	case b < 5:
		return 5 + (a-b)%5
	}
	return (a - b + 5) % 5
}

func inAadhaar(s string) Verdict {
	d, ok := digits(s, 12, 12)
	if !ok || d[0] < '2' {
		return Bad
	}
	palindrome := true
	for i := range 6 {
		palindrome = palindrome && d[i] == d[11-i]
	}
	return verdict(!palindrome && verhoeff(d))
}

func inPAN(s string) Verdict {
	v := Compact(s)
	if len(v) != 10 || !upper(v[:5]) || !upper(v[9:]) || !among(v[3], "ABCFGHJKLPT") {
		return Bad
	}
	d, ok := digits(v[5:9], 4, 4)
	return verdict(ok && d != "0000")
}

func inGSTIN(s string) Verdict {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	v := Compact(s)
	if len(v) != 15 || inPAN(v[2:12]) == Bad {
		return Bad
	}
	state, ok := digits(v[:2], 2, 2)
	if n := 0; ok {
		if n = number(state); n == 0 || n > 38 && n != 97 && n != 99 {
			return Bad
		}
	} else {
		return Bad
	}
	if v[12] == '0' {
		return Bad
	}
	sum := 0
	for i := range 14 {
		n := strings.IndexByte(alphabet, v[i])
		if n < 0 {
			return Bad
		}
		n *= 1 + i%2
		sum += n/36 + n%36
	}
	return verdict(v[14] == alphabet[(36-sum%36)%36])
}

func cnRIC(s string) Verdict {
	v := Compact(s)
	if len(v) != 18 {
		return Bad
	}
	d, ok := digits(v[:17], 17, 17)
	if !ok {
		return Bad
	}
	switch province := number(d[:2]); {
	case province >= 11 && province <= 15, province >= 21 && province <= 23, province >= 31 && province <= 37,
		province >= 41 && province <= 46, province >= 50 && province <= 54, province >= 61 && province <= 65,
		province == 71, province >= 81 && province <= 83, province == 91:
	default:
		return Bad
	}
	if year := number(d[6:10]); year < 1850 || year > 2100 || !validDate(year, number(d[10:12]), number(d[12:14])) {
		return Bad
	}
	sum := weighted(d, 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
	return verdict(v[17] == "10X98765432"[sum%11])
}

// krRRN accepts residents and foreigners. Numbers issued since October 2020 end in random
// digits, so a wrong check digit only makes a number of somebody born since doubtful.
func krRRN(s string) Verdict {
	d, ok := digits(s, 13, 13)
	if !ok {
		return Bad
	}
	century := 1900
	switch d[6] {
	case '0', '9':
		century = 1800
	case '3', '4', '7', '8':
		century = 2000
	}
	year := century + number(d[:2])
	if !validDate(year, number(d[2:4]), number(d[4:6])) {
		return Bad
	}
	check := (11 - weighted(d, 2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)%11) % 10
	if foreign := d[6] >= '5' && d[6] <= '8'; foreign && (check+2)%10 == int(d[12]-'0') {
		return Good
	}
	switch {
	case check == int(d[12]-'0'):
		return Good
	case year > 2020 || year == 2020 && d[2:4] >= "10":
		return Weak
	}
	return Bad
}

func krBRN(s string) Verdict {
	d, ok := digits(s, 10, 10)
	if !ok || repeated(d) || d[3:5] == "00" {
		return Bad
	}
	sum := weighted(d, 1, 3, 7, 1, 3, 7, 1, 3, 5) + int(d[8]-'0')*5/10
	return verdict((10-sum%10)%10 == int(d[9]-'0'))
}

func sgNRIC(s string) Verdict {
	v := Compact(s)
	if len(v) != 9 {
		return Bad
	}
	d, ok := digits(v[1:8], 7, 7)
	if !ok || repeated(d) {
		return Bad
	}
	sum := weighted(d, 2, 7, 6, 5, 4, 3, 2)
	switch v[0] {
	case 'S':
		return verdict(v[8] == "JZIHGFEDCBA"[sum%11])
	case 'T':
		return verdict(v[8] == "JZIHGFEDCBA"[(sum+4)%11])
	case 'F':
		return verdict(v[8] == "XWUTRQPNMLK"[sum%11])
	case 'G':
		return verdict(v[8] == "XWUTRQPNMLK"[(sum+4)%11])
	case 'M':
		return verdict(v[8] == "XWUTRQPNJLK"[(sum+3)%11])
	}
	return Bad
}

func thTNIN(s string) Verdict {
	d, ok := digits(s, 13, 13)
	if !ok || d[0] == '0' || d[0] == '9' || repeated(d) {
		return Bad
	}
	return verdict((11-weighted(d, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2)%11)%10 == int(d[12]-'0'))
}

// sgUEN checks the three kinds of unique entity numbers: nnnnnnnnX, yyyynnnnnX, TyyPQnnnnX.
func sgUEN(s string) Verdict {
	v := Compact(s)
	if d, ok := digits(v[:max(0, len(v)-1)], 8, 9); ok {
		if len(d) == 8 {
			return verdict(v[8] == "XMKECAWLJDB"[weighted(d, 10, 4, 9, 3, 8, 2, 7, 1)%11])
		}
		return verdict(v[9] == "ZKCMDNERGWH"[weighted(d, 10, 8, 6, 4, 9, 7, 5, 3, 1)%11])
	}
	const alphabet = "ABCDEFGHJKLMNPQRSTUVWX0123456789"
	if len(v) != 10 || !among(v[0], "RST") {
		return Bad
	}
	sum := -5
	for i, w := range [...]int{4, 3, 5, 3, 10, 2, 2, 5, 7} {
		n := strings.IndexByte(alphabet, v[i])
		if n < 0 {
			return Bad
		}
		sum += n * w
	}
	return verdict(v[9] == alphabet[(sum%11+11)%11])
}
