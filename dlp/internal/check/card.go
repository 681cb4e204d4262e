package check

import "strings"

// cards are the checks of payment cards.
func cards() []Validator {
	return []Validator{
		{Name: "luhn", About: "ISO/IEC 7812 check digit (Luhn), at least 8 digits", Check: func(s string) Verdict {
			d, ok := digits(s, 8, 32)
			return verdict(ok && luhn(d) && !repeated(d))
		}},
		{Name: "credit_card", About: "range and length of a card network, Luhn, evenly grouped, no test pattern", Check: creditCard},
		{Name: "card_apart", About: "credit_card whose digits stand apart: singly, in pairs, by other signs, or as English words", Check: cardApart},
	}
}

// luhn checks ISO/IEC 7812-1 annex B.
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// network is one range of issuer numbers.
type network struct {
	low, high string // first digits, inclusive
	lengths   string // digits allowed, one rune each: '0'+n
}

// networks are the ranges in which cards are issued to people (ISO/IEC 7812, the networks'
// own BIN tables).
var networks = [...]network{
	{"4", "4", lengths(13, 16, 19)},                           // Visa
	{"51", "55", lengths(16)},                                 // Mastercard
	{"2221", "2720", lengths(16)},                             // Mastercard, 2 series
	{"34", "34", lengths(15)},                                 // American Express
	{"37", "37", lengths(15)},                                 // American Express
	{"300", "305", lengths(14, 16)},                           // Diners Club
	{"3095", "3095", lengths(14, 16)},                         // Diners Club
	{"36", "36", lengths(14, 16, 19)},                         // Diners Club
	{"38", "39", lengths(14, 16, 19)},                         // Diners Club
	{"6011", "6011", lengths(16, 19)},                         // Discover
	{"644", "649", lengths(16, 19)},                           // Discover
	{"65", "65", lengths(16, 19)},                             // Discover, RuPay
	{"60", "60", lengths(16)},                                 // RuPay
	{"81", "82", lengths(16)},                                 // RuPay, UnionPay
	{"508", "508", lengths(16)},                               // RuPay
	{"353", "356", lengths(16)},                               // RuPay
	{"3528", "3589", lengths(16, 17, 18, 19)},                 // JCB
	{"62", "62", lengths(16, 17, 18, 19)},                     // UnionPay
	{"50", "50", lengths(12, 13, 14, 15, 16, 17, 18, 19)},     // Maestro
	{"56", "58", lengths(12, 13, 14, 15, 16, 17, 18, 19)},     // Maestro
	{"6304", "6304", lengths(12, 13, 14, 15, 16, 17, 18, 19)}, // Maestro
	{"6759", "6763", lengths(12, 13, 14, 15, 16, 17, 18, 19)}, // Maestro
	{"2200", "2204", lengths(16, 17, 18, 19)},                 // Mir
	{"9792", "9792", lengths(16)},                             // Troy
	{"636297", "636297", lengths(16)},                         // Elo
	{"636368", "636368", lengths(16)},                         // Elo
	{"637", "639", lengths(16)},                               // InstaPayment
	{"8600", "8600", lengths(16)},                             // Uzcard
	{"9860", "9860", lengths(16)},                             // Humo
}

func lengths(ns ...int) string {
	var out strings.Builder
	for _, n := range ns {
		out.WriteByte('0' + byte(n))
	}
	return out.String()
}

func (n *network) issues(d string) bool {
	head := d[:len(n.low)]
	return head >= n.low && head <= n.high && strings.IndexByte(n.lengths, '0'+byte(len(d))) >= 0
}

// creditCard accepts a number of a known network. Test cards of the networks, such as
// 4111 1111 1111 1111, count: people paste them as often in place of real ones as real
// ones. Lengths that cards rarely have, without groups, are as often a bar code (13 digits)
// or an id (17 to 19): they need a word about cards beside them.
func creditCard(s string) Verdict {
	d, ok := digits(s, 12, 19)
	if !ok || !luhn(d) || trivial(d) || !cardGroups(s) {
		return Bad
	}
	for i := range networks {
		if networks[i].issues(d) {
			return doubtfulLength(s, d)
		}
	}
	return Bad
}

// cardApart accepts what people read out, or write so that no rule finds it.
func cardApart(s string) Verdict {
	d := make([]byte, 0, 20)
	for i := 0; i < len(s) && len(d) < cap(d); {
		c := s[i] | 0x20
		switch {
		case s[i] >= '0' && s[i] <= '9':
			d = append(d, s[i])
			i++
		case c < 'a' || c > 'z':
			i++
		default:
			from := i
			for i < len(s) && s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z' {
				i++
			}
			digit, ok := numerals[strings.ToLower(s[from:i])]
			if !ok {
				return Bad
			}
			d = append(d, digit)
		}
	}
	return creditCard(string(d))
}

// numerals are the digits as they are read out.
var numerals = map[string]byte{
	"zero": '0', "oh": '0', "one": '1', "two": '2', "three": '3', "four": '4',
	"five": '5', "six": '6', "seven": '7', "eight": '8', "nine": '9',
}

func doubtfulLength(s, d string) Verdict {
	usual := len(d) == 16 || len(d) == 15 && d[0] == '3' || len(d) == 14 && d[0] == '3'
	if grouped := len(s) > len(d); usual || grouped {
		return Good
	}
	return Weak
}

// trivial reports numbers that pass by pattern only: all zeros behind the first six, or
// two different digits at most (as in 4000 0000 0000 0002 there are three).
func trivial(d string) bool {
	var seen [10]bool
	kinds := 0
	for i := range len(d) {
		if !seen[d[i]-'0'] {
			seen[d[i]-'0'] = true
			kinds++
		}
	}
	return kinds < 2
}

// cardGroups accepts the groupings that cards are printed with: none, fours, 4-6-5 and
// 4-6-4, always with the same separator.
func cardGroups(s string) bool {
	sep, groups, run := byte(0), make([]int, 0, 8), 0
	for i := range len(s) {
		if c := s[i]; c >= '0' && c <= '9' {
			run++
			continue
		}
		if sep != 0 && s[i] != sep || run == 0 {
			return false
		}
		sep = s[i]
		groups, run = append(groups, run), 0
	}
	groups = append(groups, run)
	switch {
	case len(groups) == 1:
		return true
	case groups[0] != 4 && groups[0] != 6:
		return false
	case len(groups) == 2:
		return groups[0] == 6 && groups[1] >= 9 || groups[0] == 4 && groups[1] >= 9
	case len(groups) == 3 && groups[1] == 6:
		return groups[2] == 4 || groups[2] == 5
	}
	for _, n := range groups[:len(groups)-1] {
		if n != 4 {
			return false
		}
	}
	return groups[len(groups)-1] <= 4
}
