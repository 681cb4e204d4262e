package check

import "strings"

// westernEurope are the checks of numbers of Germany, France, Italy, Spain and the Netherlands.
func westernEurope() []Validator {
	return []Validator{
		{Name: "de_tax_id", About: "ISO 7064 mod 11,10; one digit of the first ten occurs twice or three times", Check: deTaxID},
		{Name: "de_social_security", About: "area, birth date, letter, check digit", Check: deSocialSecurity},
		{Name: "de_health_insurance", About: "letter, nine digits, weights 1-2", Check: deHealthInsurance},
		{Name: "de_lanr", About: "weights 4-9, check digit before the two of the field of practice", Check: deLANR},
		{Name: "fr_nir", About: "INSEE: sex, month, department with 2A and 2B, key 97 - n mod 97", Check: frNIR},
		{Name: "es_nif", About: "control letter mod 23; legal entities with their control character", Check: esNIF},
		{Name: "es_nie", About: "X, Y or Z, control letter mod 23", Check: esNIE},
		{Name: "it_fiscal_code", About: "month letter, day, omocodia letters, control letter", Check: itFiscalCode},
		{Name: "it_vat", About: "partita IVA: Luhn, province office", Check: itVAT},
		{Name: "nl_bsn", About: "weights 9 to 2 and -1, mod 11", Check: nlBSN},
		{Name: "vat_de", About: "ISO 7064 mod 11,10", Check: func(s string) Verdict {
			d, ok := digits(strings.TrimPrefix(Compact(s), "DE"), 9, 9)
			return verdict(ok && d[0] != '0' && mod11x10(d))
		}},
	}
}

// mod11x10 checks ISO/IEC 7064 mod 11,10.
func mod11x10(d string) bool {
	p := 10
	for i := range len(d) - 1 {
		s := (int(d[i]-'0') + p) % 10
		if s == 0 {
			s = 10
		}
		p = s * 2 % 11
	}
	return (11-p)%10 == int(d[len(d)-1]-'0')
}

// deTaxID follows § 139b AO and the Federal Central Tax Office's rules of 2008 and 2016.
func deTaxID(s string) Verdict {
	d, ok := digits(s, 11, 11)
	if !ok || d[0] == '0' {
		return Bad
	}
	var count [10]int
	for i := range 10 {
		count[d[i]-'0']++
	}
	more := 0
	for digit, n := range count {
		if n > 3 || n == 3 && strings.Contains(d[:10], strings.Repeat(string(rune('0'+digit)), 3)) {
			return Bad
		}
		if n > 1 {
			more++
		}
	}
	return verdict(more == 1 && mod11x10(d))
}

// deSocialSecurity checks BBDDMMYYLSSC (VKVV § 2).
func deSocialSecurity(s string) Verdict {
	v := Compact(s)
	if len(v) != 12 || v[8] < 'A' || v[8] > 'Z' {
		return Bad
	}
	letter := int(v[8]-'A') + 1
	d, ok := digits(v[:8]+string(rune('0'+letter/10))+string(rune('0'+letter%10))+v[9:], 13, 13)
	if !ok || !shortDate(v[6:8]+v[4:6]+v[2:4]) {
		return Bad
	}
	sum := 0
	for i, w := range []int{2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1} {
		p := int(d[i]-'0') * w
		sum += p/10 + p%10
	}
	return verdict(sum%10 == int(d[12]-'0'))
}

// deHealthInsurance checks the unchanging part of the Krankenversichertennummer.
func deHealthInsurance(s string) Verdict {
	v := Compact(s)
	if len(v) != 10 || v[0] < 'A' || v[0] > 'Z' {
		return Bad
	}
	letter := int(v[0]-'A') + 1
	d, ok := digits(string(rune('0'+letter/10))+string(rune('0'+letter%10))+v[1:], 11, 11)
	if !ok {
		return Bad
	}
	sum := 0
	for i := range 10 {
		p := int(d[i]-'0') * (1 + i%2)
		sum += p/10 + p%10
	}
	return verdict(sum%10 == int(d[10]-'0'))
}

// deLANR checks the lebenslange Arztnummer: six digits, their check digit, and two for the
// field of practice (KBV, Richtlinie nach § 75 Abs. 7 SGB V).
func deLANR(s string) Verdict {
	d, ok := digits(s, 9, 9)
	return verdict(ok && !repeated(d[:6]) && (10-weighted(d, 4, 9, 4, 9, 4, 9)%10)%10 == int(d[6]-'0'))
}

// frNIR checks the fifteen characters of the numéro d'inscription au répertoire.
func frNIR(s string) Verdict {
	v := Compact(s)
	if len(v) != 15 {
		return Bad
	}
	switch v[5:7] {
	case "2A":
		v = v[:5] + "19" + v[7:]
	case "2B":
		v = v[:5] + "18" + v[7:]
	}
	d, ok := digits(v, 15, 15)
	if !ok || !among(d[0], "123478") {
		return Bad
	}
	month, department := number(d[3:5]), number(d[5:7])
	if month < 1 || month > 12 && month < 20 || month > 42 && month < 50 || department == 0 || d[7:10] == "000" || d[10:13] == "000" {
		return Bad
	}
	return verdict(97-number(d[:13])%97 == number(d[13:]))
}

const nifLetters = "TRWAGMYFPDXBNJZSQVHLCKE"

// esNIF checks Real Decreto 1065/2007, articles 18 to 22.
func esNIF(s string) Verdict {
	v := Compact(s)
	if len(v) != 9 {
		return Bad
	}
	if d, ok := digits(v[:8], 8, 8); ok {
		return verdict(v[8] == nifLetters[number(d)%23] && !repeated(d))
	}
	d, ok := digits(v[1:8], 7, 7)
	switch {
	case !ok:
		return Bad
	case among(v[0], "KLM"):
		return verdict(v[8] == nifLetters[number(d)%23])
	case !among(v[0], "ABCDEFGHJNPQRSUVW"):
		return Bad
	}
	sum := 0
	for i := range len(d) {
		n := int(d[i] - '0')
		if i%2 == 0 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	control := (10 - sum%10) % 10
	digit, letter := v[8] == byte('0'+control), v[8] == "JABCDEFGHI"[control]
	switch {
	case among(v[0], "ABEH"):
		return verdict(digit)
	case among(v[0], "NPQRSW"):
		return verdict(letter)
	}
	return verdict(digit || letter)
}

func esNIE(s string) Verdict {
	v := Compact(s)
	if len(v) != 9 || !among(v[0], "XYZ") {
		return Bad
	}
	d, ok := digits(v[1:8], 7, 7)
	return verdict(ok && !repeated(d) && v[8] == nifLetters[(int(v[0]-'X')*10_000_000+number(d))%23])
}

// fiscalOdd are the values of characters at odd positions (DM 12 marzo 1974).
var fiscalOdd = [...]int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23}

func itFiscalCode(s string) Verdict {
	v := Compact(s)
	if len(v) != 16 {
		return Bad
	}
	sum := 0
	number := make([]byte, 0, 7) // the digits, with omocodia letters turned back
	for i := range len(v) {
		c := v[i]
		letter := c >= 'A' && c <= 'Z'
		if !letter && (c < '0' || c > '9') {
			return Bad
		}
		if strings.IndexByte("\x06\x07\x09\x0a\x0c\x0d\x0e", byte(i)) >= 0 {
			digit := c
			if letter {
				o := strings.IndexByte("LMNPQRSTUV", c)
				if o < 0 {
					return Bad
				}
				digit = byte('0' + o)
			}
			number = append(number, digit)
		} else if !letter {
			return Bad
		}
		value := int(c - '0')
		if letter {
			value = int(c - 'A')
		}
		switch {
		case i == 15:
		case i%2 == 0:
			sum += fiscalOdd[value]
		default:
			sum += value
		}
	}
	day := int(number[2]-'0')*10 + int(number[3]-'0')
	if !among(v[8], "ABCDEHLMPRST") || day%40 < 1 || day%40 > 31 || day > 71 {
		return Bad
	}
	return verdict(int(v[15]-'A') == sum%26)
}

func itVAT(s string) Verdict {
	d, ok := digits(strings.TrimPrefix(Compact(s), "IT"), 11, 11)
	if !ok || d[:7] == "0000000" {
		return Bad
	}
	office := number(d[7:10])
	return verdict((office >= 1 && office <= 100 || office == 120 || office == 121 || office == 888 || office == 999) && luhn(d))
}

// nlBSN checks the elfproef (Besluit BSN).
func nlBSN(s string) Verdict {
	d, ok := digits(s, 8, 9)
	if !ok || repeated(d) {
		return Bad
	}
	if len(d) == 8 {
		d = "0" + d
	}
	return verdict((weighted(d, 9, 8, 7, 6, 5, 4, 3, 2)-int(d[8]-'0'))%11 == 0 && d[:2] != "00")
}
