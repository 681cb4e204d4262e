package check

import "strings"

// unitedKingdom are the checks of UK numbers.
func unitedKingdom() []Validator {
	return []Validator{
		{Name: "uk_nhs", About: "NHS Data Dictionary: weights 10 to 2, mod 11", Check: ukNHS},
		{Name: "uk_nino", About: "HMRC NIM39110: allocated prefix, six digits, suffix A to D", Check: ukNINO},
		{Name: "uk_driving_licence", About: "DVLA: surname padded with 9, birth date with 50 added to the month of women", Check: ukDrivingLicence},
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

// ukDrivingLicence checks MORGA657054SM9IJ: five letters of the surname padded with 9, the
// decade, month (50 more for women) and day of birth, its year, initials, and two letters.
func ukDrivingLicence(s string) Verdict {
	v := strings.ToUpper(s)
	if len(v) != 16 || v[0] < 'A' || v[0] > 'Z' || !upper(strings.TrimRight(v[:5], "9")) {
		return Bad
	}
	d, ok := digits(v[5:11], 6, 6)
	if !ok {
		return Bad
	}
	month := number(d[1:3])
	if month > 50 {
		month -= 50
	}
	return verdict(validDate(0, month, number(d[3:5])))
}
