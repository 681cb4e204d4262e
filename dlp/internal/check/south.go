package check

// south are the checks of numbers of Australia, Brazil, Canada and South Africa.
func south() []Validator {
	return []Validator{
		{Name: "au_abn", About: "weights 10, 1 to 19, mod 89", Check: auABN},
		{Name: "au_acn", About: "weights 8 to 1, mod 10", Check: auACN},
		{Name: "au_medicare", About: "first digit 2-6, weights 1-3-7-9, issue number", Check: auMedicare},
		{Name: "au_tfn", About: "ATO weights, mod 11", Check: auTFN},
		{Name: "br_cpf", About: "two check digits mod 11, not one digit repeated", Check: brCPF},
		{Name: "br_cnpj", About: "two check digits mod 11, letters allowed (IN RFB 2229/2024)", Check: brCNPJ},
		{Name: "ca_sin", About: "first digit not 0 or 8, Luhn", Check: caSIN},
		{Name: "za_id_number", About: "birth date, citizenship digit, Luhn", Check: zaID},
	}
}

func auABN(s string) Verdict {
	d, ok := digits(s, 11, 11)
	if !ok || d[0] == '0' || repeated(d) {
		return Bad
	}
	return verdict((weighted(d, 10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)-10)%89 == 0)
}

func auACN(s string) Verdict {
	d, ok := digits(s, 9, 9)
	if !ok || repeated(d) {
		return Bad
	}
	return verdict((10-weighted(d, 8, 7, 6, 5, 4, 3, 2, 1)%10)%10 == int(d[8]-'0'))
}

func auMedicare(s string) Verdict {
	d, ok := digits(s, 10, 11)
	if !ok || d[0] < '2' || d[0] > '6' || d[9] == '0' {
		return Bad
	}
	return verdict(weighted(d, 1, 3, 7, 9, 1, 3, 7, 9)%10 == int(d[8]-'0'))
}

func auTFN(s string) Verdict {
	d, ok := digits(s, 8, 9)
	if !ok || repeated(d) {
		return Bad
	}
	if len(d) == 8 {
		return verdict(weighted(d, 10, 7, 8, 4, 6, 3, 5, 1)%11 == 0)
	}
	return verdict(weighted(d, 1, 4, 3, 7, 5, 8, 6, 9, 10)%11 == 0)
}

// elevens returns the check digit mod 11 of Brazilian numbers.
func elevens(sum int) byte {
	if r := sum % 11; r >= 2 {
		return byte('0' + 11 - r)
	}
	return '0'
}

func brCPF(s string) Verdict {
	d, ok := digits(s, 11, 11)
	if !ok || repeated(d) {
		return Bad
	}
	return verdict(d[9] == elevens(weighted(d, 10, 9, 8, 7, 6, 5, 4, 3, 2)) &&
		d[10] == elevens(weighted(d, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2)))
}

func brCNPJ(s string) Verdict {
	v := Compact(s)
	if len(v) != 14 || repeated(v[:12]) {
		return Bad
	}
	for i := range len(v) {
		digit, letter := v[i] >= '0' && v[i] <= '9', v[i] >= 'A' && v[i] <= 'Z'
		if !digit && (!letter || i >= 12) {
			return Bad
		}
	}
	// Letters count by their distance from '0' in ASCII, as digits do.
	first := elevens(weighted(v[:12], 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2))
	second := elevens(weighted(v[:13], 6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2))
	return verdict(v[12] == first && v[13] == second)
}

func caSIN(s string) Verdict {
	d, ok := digits(s, 9, 9)
	return verdict(ok && d[0] != '0' && d[0] != '8' && !repeated(d) && luhn(d))
}

func zaID(s string) Verdict {
	d, ok := digits(s, 13, 13)
	return verdict(ok && shortDate(d[:6]) && d[10] <= '2' && luhn(d))
}
