package check

// unitedStates are the checks of US numbers.
func unitedStates() []Validator {
	return []Validator{
		{Name: "us_ssn", About: "SSA: area not 000, 666 or 9xx, group not 00, serial not 0000, no published number", Check: usSSN},
		{Name: "us_itin", About: "IRS: 9xx, group 50-65, 70-88, 90-92 or 94-99", Check: usITIN},
		{Name: "us_ein", About: "IRS: the first two digits are assigned to a campus", Check: usEIN},
		{Name: "us_aba_routing", About: "ABA: Federal Reserve prefix, weights 3-7-1", Check: usABA},
		{Name: "us_npi", About: "CMS: first digit 1 or 2, Luhn behind 80840", Check: usNPI},
		{Name: "us_dea", About: "DEA: registrant letter, check digit", Check: usDEA},
		{Name: "us_mbi", About: "CMS: kinds of characters by position, no S, L, O, I, B, Z", Check: usMBI},
	}
}

// usSSN follows the Social Security Administration's rules since randomization (2011).
func usSSN(s string) Verdict {
	d, ok := digits(s, 9, 9)
	if !ok {
		return Bad
	}
	area, group, serial := d[:3], d[3:5], d[5:]
	switch {
	case area == "000" || area == "666" || area[0] == '9', group == "00", serial == "0000":
		return Bad
	case repeated(d), d == "123456789", d == "987654321", d == "012345678", d == "111223333", d == "222334444", d == "333224444":
		return Bad
	case d == "078051120" || d == "219099999" || d == "457555462": // printed in wallets and advertisements
		return Bad
	}
	return Good
}

// usITIN follows IRS Publication 4757.
func usITIN(s string) Verdict {
	d, ok := digits(s, 9, 9)
	if !ok || d[0] != '9' {
		return Bad
	}
	group := number(d[3:5])
	return verdict(group >= 50 && group <= 65 || group >= 70 && group <= 88 ||
		group >= 90 && group <= 92 || group >= 94 && group <= 99)
}

// usEIN: "How EINs are assigned and valid EIN prefixes", irs.gov.
func usEIN(s string) Verdict {
	d, ok := digits(s, 9, 9)
	if !ok || repeated(d[2:]) || d[2:] == "3456789" || d[2:] == "1234567" {
		return Bad
	}
	switch number(d[:2]) {
	case 0, 7, 8, 9, 17, 18, 19, 28, 29, 49, 69, 70, 78, 79, 89, 96, 97:
		return Bad
	}
	return Good
}

// usABA checks the routing number of ANSI X9.
func usABA(s string) Verdict {
	d, ok := digits(s, 9, 9)
	if !ok || repeated(d) {
		return Bad
	}
	prefix := number(d[:2])
	assigned := prefix <= 12 || prefix >= 21 && prefix <= 32 || prefix >= 61 && prefix <= 72 || prefix == 80
	return verdict(assigned && weighted(d, 3, 7, 1, 3, 7, 1, 3, 7, 1)%10 == 0)
}

// usNPI checks the ISO 7812 number that 80840 in front makes of an NPI (45 CFR 162.406).
func usNPI(s string) Verdict {
	d, ok := digits(s, 10, 10)
	return verdict(ok && (d[0] == '1' || d[0] == '2') && luhn("80840"+d))
}

// usDEA checks two letters and seven digits: the last is that of odd + 2 × even.
func usDEA(s string) Verdict {
	v := Compact(s)
	if len(v) != 9 || !among(v[0], "ABCDEFGHJKLMPRSTUX") || !(v[1] >= 'A' && v[1] <= 'Z' || v[1] == '9') {
		return Bad
	}
	d, ok := digits(v[2:], 7, 7)
	return verdict(ok && !repeated(d) && weighted(d, 1, 2, 1, 2, 1, 2)%10 == int(d[6]-'0'))
}

// mbiShape: C 1-9, A letter, N digit, X either (CMS, Understanding the MBI Format).
const mbiShape = "CAXNAXNAANN"

func usMBI(s string) Verdict {
	v := Compact(s)
	if len(v) != len(mbiShape) {
		return Bad
	}
	for i := range len(v) {
		letter := v[i] >= 'A' && v[i] <= 'Z' && !among(v[i], "SLOIBZ")
		digit := v[i] >= '0' && v[i] <= '9'
		ok := letter && mbiShape[i] != 'N' && mbiShape[i] != 'C' || digit && mbiShape[i] != 'A'
		if !ok || mbiShape[i] == 'C' && v[i] == '0' {
			return Bad
		}
	}
	return Good
}
