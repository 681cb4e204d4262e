package check

// unitedKingdom are the checks of UK numbers.
func unitedKingdom() []Validator {
	return []Validator{
		{Name: "uk_nhs", About: "NHS Data Dictionary: weights 10 to 2, mod 11", Check: ukNHS},
		{Name: "uk_nino", About: "HMRC NIM39110: allocated prefix, six digits, suffix A to D", Check: ukNINO},
	}
}

func ukNHS(s string) Verdict {
	d, ok := digits(s, 10, 10)
	if !ok || repeated(d) {
		return Bad
	}
	c := 11 - weighted(d, 10, 9, 8, 7, 6, 5, 4, 3, 2)%11
	return verdict(c != 10 && c%11 == int(d[9]-'0'))
}

func ukNINO(s string) Verdict {
	v := Compact(s)
	if len(v) != 8 && len(v) != 9 {
		return Bad
	}
	if _, ok := digits(v[2:8], 6, 6); !ok {
		return Bad
	}
	if !among(v[0], "ABCEGHJKLMNOPRSTWXYZ") || !among(v[1], "ABCEGHJKLMNPRSTWXYZ") {
		return Bad
	}
	switch v[:2] {
	case "BG", "GB", "KN", "NK", "NT", "TN", "ZZ":
		return Bad
	}
	return verdict(len(v) == 8 || among(v[8], "ABCD"))
}
