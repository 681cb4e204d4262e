package check

// unitedStates are the checks of US numbers.
func unitedStates() []Validator {
	return []Validator{
		{Name: "us_ssn", About: "SSA: area not 000, 666 or 9xx, group not 00, serial not 0000, no published number", Check: usSSN},
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
	case repeated(d), d == "123456789", d == "987654321", d == "012345678":
		return Bad
	case d == "078051120" || d == "219099999" || d == "457555462": // printed in wallets and advertisements
		return Bad
	}
	return Good
}
