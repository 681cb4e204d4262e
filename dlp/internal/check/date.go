package check

// validDate reports whether a day exists; year zero stands for one whose century is not
// known, and then 29 February does.
func validDate(year, month, day int) bool {
	if month < 1 || month > 12 || day < 1 {
		return false
	}
	last := [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		last = 29
	}
	return day <= last
}

// shortDate checks YYMMDD of an unknown century.
func shortDate(d string) bool {
	year := number(d[:2])
	return validDate(2000+year, number(d[2:4]), number(d[4:6])) || validDate(1900+year, number(d[2:4]), number(d[4:6]))
}
