package check

import (
	"strings"
	"unicode/utf8"
)

// contacts are the checks of addresses, telephone and document numbers.
func contacts() []Validator {
	return []Validator{
		{Name: "email", About: "a host that can be in use; no documentation domain, no robot", Check: email},
		{Name: "email_spelled", About: "email with [at] for @, or [dot] for a dot", Check: emailSpelled},
		{Name: "phone", About: "E.164 country code and length, or a national number's length; no date", Check: phone},
		{Name: "document_number", About: "letters and at least five digits, not one repeated", Check: documentNumber},
	}
}

// reserved are names that RFC 2606 and RFC 6761 keep for documents and tests, and those
// that documents use though they belong to somebody.
var reserved = [...]string{
	"example.com", "example.org", "example.net", "example.edu", "test.com", "domain.com", "email.com", "yourdomain.com", "your-domain.com", "mydomain.com", "my-domain.com",
	"company.com", "yourcompany.com", "your-company.com", "mycompany.com", "foo.com", "bar.com", "acme.com", "contoso.com", "fabrikam.com", "sentry.io",
	"users.noreply.github.com", "mysite.com", "site.com", "abc.com", "xyz.com", "host.com", "server.com", "somewhere.com",
}

// fileEndings are what stands at the end of file names that have an @ in them.
const fileEndings = " png jpg jpeg gif svg webp ico css js ts jsx tsx mjs json md html txt yaml yml toml sh py go rs java lock map tgz zip gz service "

// robots are mailboxes in which no person reads.
const robots = " noreply no-reply donotreply do-not-reply git hg svn mailer-daemon postmaster user username you your.name yourname name someone email myemail "

func email(s string) Verdict {
	local, host, ok := strings.Cut(strings.ToLower(s), "@")
	if !ok || strings.Contains(local, "..") || strings.HasSuffix(local, ".") || strings.Contains(robots, " "+local+" ") {
		return Bad
	}
	labels := strings.Split(host, ".")
	top := labels[len(labels)-1]
	if strings.Contains(fileEndings, " "+top+" ") {
		return Bad
	}
	switch top {
	case "example", "test", "invalid", "tld", "localhost", "local", "internal", "lan", "svc", "home", "corp":
		return Bad
	}
	for _, name := range reserved {
		if host == name || strings.HasSuffix(host, "."+name) {
			return Bad
		}
	}
	if labels[0] == "example" {
		return Bad
	}
	return Good
}

// brackets stand around the "at" and the "dot" of an address.
var brackets = strings.NewReplacer("[", " ", "]", " ", "(", " ", ")", " ", "{", " ", "}", " ", "<", " ", ">", " ")

// articles are words that begin what people look at, and no host.
const articles = " a an any another each every her his its my our some that the their these this those your "

// emailSpelled reads an address as people hide it from those who collect them.
func emailSpelled(s string) Verdict {
	plain := strings.Join(strings.Fields(strings.ToLower(brackets.Replace(s))), " ")
	plain = strings.Replace(plain, " at ", "@", 1)
	plain = strings.ReplaceAll(plain, " dot ", ".")
	_, host, _ := strings.Cut(plain, "@")
	if first, _, _ := strings.Cut(host, "."); strings.Contains(articles, " "+first+" ") {
		return Bad // "look at the dot com boom"
	}
	return email(plain)
}

// thinSpaces are those that typesetting puts into numbers.
var thinSpaces = strings.NewReplacer("\u00a0", " ", "\u2009", " ", "\u202f", " ")

// countryCodes are the E.164 codes in use, as prefixes.
const countryCodes = " 1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98 " +
	"211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236 237 238 239 240 241 242 243 244 245 246 248 249 250 251 252 253 254 255 256 257 258 260 261 262 263 264 265 266 267 268 269 290 291 297 298 299 " +
	"350 351 352 353 354 355 356 357 358 359 370 371 372 373 374 375 376 377 378 380 381 382 383 385 386 387 389 420 421 423 " +
	"500 501 502 503 504 505 506 507 508 509 590 591 592 593 594 595 596 597 598 599 670 672 673 674 675 676 677 678 679 680 681 682 683 685 686 687 688 689 690 691 692 " +
	"800 808 850 852 853 855 856 870 878 880 881 882 883 886 888 960 961 962 963 964 965 966 967 968 970 971 972 973 974 975 976 977 979 992 993 994 995 996 998 "

func phone(s string) Verdict {
	d := make([]byte, 0, 32)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			d = append(d, c)
		case among(c, "+()-./ "):
		case c >= utf8.RuneSelf:
			plain := thinSpaces.Replace(s)
			if plain == s {
				return Bad
			}
			return phone(plain)
		default:
			return Bad
		}
	}
	n := string(d)
	if i := strings.IndexByte(s, '-'); i == 5 && len(s) == 10 && n[0] == '0' {
		return Bad // a US postal code
	}
	if repeated(n) || n == "123456789" || n == "1234567890" || longestRun(n) >= 7 || looksLikeDate(s) {
		return Bad
	}
	if strings.HasPrefix(n, "00") { // the international prefix of most countries
		n = n[2:]
		if i := strings.IndexAny(s, " /-"); i > 2 && i <= 5 && !country(s[2:i]) {
			return Bad // 0069 0307 0301: groups of something else
		}
		return verdict(len(n) >= 9 && len(n) <= 15 && calls(n))
	}
	if !strings.HasPrefix(s, "+") {
		return verdict(len(n) >= 7 && len(n) <= 14 && evenGroups(s))
	}
	if len(n) < 8 || len(n) > 15 {
		return Bad
	}
	return verdict(calls(n) && !(len(s) == len(n)+1 && trunk(n)))
}

// country reports a country code in use.
func country(code string) bool { return strings.Contains(countryCodes, " "+code+" ") }

// trunk reports a zero behind the country code, which is dialled only inside of most
// countries. People write it, but with a bracket or a space before it: +49 (0)30.
func trunk(n string) bool {
	for _, kept := range [...]string{"39", "225", "241", "242", "378"} {
		if strings.HasPrefix(n, kept) {
			return false
		}
	}
	for size := 1; size <= 3; size++ {
		if country(n[:size]) {
			return n[size] == '0'
		}
	}
	return false
}

// calls reports whether a number of at least three digits starts with a country code, and
// has the length that the plan asks for where that is fixed.
func calls(n string) bool {
	switch n[0] {
	case '1':
		return len(n) == 11 && n[1] >= '2' && n[4] >= '2'
	case '7':
		return len(n) == 11
	}
	return country(n[:2]) || country(n[:3])
}

// evenGroups refuses numbers in which different separators alternate without a bracket,
// as times and measures have them.
func evenGroups(s string) bool {
	seen := ""
	for i := range len(s) {
		if c := s[i]; among(c, "-./") && !among(c, seen) {
			seen += string(c)
		}
	}
	return len(seen) <= 1
}

// looksLikeDate reports 2024-01-15, 15.01.2024 and the like.
func looksLikeDate(s string) bool {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == '-' || r == '.' || r == '/' || r == ' ' })
	if len(parts) != 3 {
		return false
	}
	year := func(p string) bool {
		return len(p) == 4 && (strings.HasPrefix(p, "19") || strings.HasPrefix(p, "20")) && digitsOnly(p)
	}
	small := func(p string) bool { return len(p) <= 2 && digitsOnly(p) && number(p) <= 31 }
	return year(parts[0]) && small(parts[1]) && small(parts[2]) || small(parts[0]) && small(parts[1]) && year(parts[2])
}

func digitsOnly(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func documentNumber(s string) Verdict {
	_, _, digit, _ := kinds(s)
	n := strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
	return verdict(strings.HasPrefix(s, "P") && strings.Contains(s, "<<") || digit >= 3 && !repeated(n) && n != "123456789" && n != "12345678")
}
