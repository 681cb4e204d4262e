package check

import "strings"

// northernEurope are the checks of numbers of Finland, Sweden, Poland and Türkiye.
func northernEurope() []Validator {
	return []Validator{
		{Name: "fi_hetu", About: "birth date, century sign, control character mod 31", Check: fiHETU},
		{Name: "se_personnummer", About: "birth date (or coordination number), Luhn", Check: sePersonnummer},
		{Name: "se_organisationsnummer", About: "third digit at least 2, Luhn", Check: seOrganisationsnummer},
		{Name: "pl_pesel", About: "birth date with century in the month, weights 1-3-7-9", Check: plPESEL},
		{Name: "tr_national_id", About: "first digit not 0, two check digits", Check: trNationalID},
	}
}

// fiHETU follows the decree on the population information system; since 2023 more
// century signs than + - A are in use.
func fiHETU(s string) Verdict {
	s = strings.ToUpper(strings.TrimSpace(s))
	if len(s) != 11 || !among(s[6], "+-YXWVUABCDEF") {
		return Bad
	}
	d, ok := digits(s[:6]+s[7:10], 9, 9)
	if !ok || len(s[:6]+s[7:10]) != 9 {
		return Bad
	}
	century := 1900
	switch {
	case s[6] == '+':
		century = 1800
	case s[6] >= 'A' && s[6] <= 'F':
		century = 2000
	}
	if !validDate(century+number(d[4:6]), number(d[2:4]), number(d[:2])) || number(d[6:]) < 2 {
		return Bad
	}
	return verdict(s[10] == "0123456789ABCDEFHJKLMNPRSTUVWXY"[number(d)%31])
}

// sePersonnummer accepts ten or twelve digits; coordination numbers have 60 added to the day.
func sePersonnummer(s string) Verdict {
	d, ok := digits(strings.ReplaceAll(s, "+", "-"), 10, 12)
	if !ok || len(d) == 11 {
		return Bad
	}
	if len(d) == 12 {
		if c := d[:2]; c != "18" && c != "19" && c != "20" {
			return Bad
		}
		d = d[2:]
	}
	day := number(d[4:6])
	if day > 60 {
		day -= 60
	}
	if !validDate(2000+number(d[:2]), number(d[2:4]), day) && !validDate(1900+number(d[:2]), number(d[2:4]), day) {
		return Bad
	}
	return verdict(luhn(d))
}

func seOrganisationsnummer(s string) Verdict {
	d, ok := digits(s, 10, 10)
	return verdict(ok && d[0] != '0' && d[2] >= '2' && luhn(d))
}

func plPESEL(s string) Verdict {
	d, ok := digits(s, 11, 11)
	if !ok {
		return Bad
	}
	month := number(d[2:4])
	century := [...]int{1900, 2000, 2100, 2200, 1800}[month/20]
	if !validDate(century+number(d[:2]), month%20, number(d[4:6])) {
		return Bad
	}
	return verdict((10-weighted(d, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3)%10)%10 == int(d[10]-'0'))
}

func trNationalID(s string) Verdict {
	d, ok := digits(s, 11, 11)
	if !ok || d[0] == '0' {
		return Bad
	}
	tenth := (weighted(d, 7, -1, 7, -1, 7, -1, 7, -1, 7)%10 + 10) % 10
	sum := weighted(d, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)
	return verdict(tenth == int(d[9]-'0') && sum%10 == int(d[10]-'0'))
}
