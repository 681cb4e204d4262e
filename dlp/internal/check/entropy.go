package check

import (
	"math"
	"strings"
)

// secrets are the checks of values that have no structure.
func secrets() []Validator {
	return []Validator{
		{Name: "secret", About: "no placeholder, no variable, no word, enough different characters", Check: secret},
		{Name: "password", About: "no placeholder, no variable; a letter with a digit or sign", Check: password},
	}
}

// entropy returns the Shannon entropy of a value's bytes in bits per byte.
func entropy(s string) float64 {
	var count [256]int
	for i := range len(s) {
		count[s[i]]++
	}
	h := 0.0
	for _, n := range count {
		if n > 0 {
			p := float64(n) / float64(len(s))
			h -= p * math.Log2(p)
		}
	}
	return h
}

// placeholders are parts of values that documents put where a secret goes.
var placeholders = [...]string{
	"example", "changeme", "change_me", "change-me", "placeholder", "your_", "your-", "yourpass", "yourtoken", "yourapi", "yoursecret",
	"xxxx", "****", "••••", "....", "redacted", "dummy", "sample", "insert", "replace", "todo", "fixme", "undefined",
	"password", "passw0rd", "secret_here", "here>", "my_secret", "mysecret", "test_key", "none", "null", "abcdef", "123456", "qwerty", "foobar",
	"process.env", "os.environ", "getenv", "secrets.", "vault:", "ref+", "env.", "config.", "settings.",
}

// placeholder reports a value that stands for a secret instead of being one.
func placeholder(s string) bool {
	lower := strings.ToLower(s)
	for _, p := range placeholders {
		if strings.Contains(lower, p) {
			return true
		}
	}
	if strings.ContainsAny(s, "<>{}") && (strings.HasPrefix(s, "<") || strings.HasPrefix(s, "{") || strings.HasPrefix(s, "$") || strings.HasPrefix(s, "%{")) {
		return true
	}
	return strings.HasPrefix(s, "$") && !strings.ContainsAny(s[1:], "$!#%&*@^") || strings.HasPrefix(s, "${") || repeated(s)
}

// kinds counts the character classes of a value.
func kinds(s string) (lower, upper, digit, sign int) {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z':
			lower++
		case c >= 'A' && c <= 'Z':
			upper++
		case c >= '0' && c <= '9':
			digit++
		default:
			sign++
		}
	}
	return lower, upper, digit, sign
}

// secret accepts values that look drawn at random.
func secret(s string) Verdict {
	lower, upper, digit, _ := kinds(s)
	if placeholder(s) || digit == 0 || lower+upper == 0 {
		return Bad
	}
	if h := entropy(s); h < 3 || len(s) >= 32 && h < 3.2 {
		return Bad
	}
	return Good
}

// password accepts what people choose: shorter and less random.
func password(s string) Verdict {
	lower, upper, digit, sign := kinds(s)
	if placeholder(s) || len(s) < 6 || lower+upper == 0 || digit+sign == 0 {
		return Bad
	}
	if digit == 0 && upper == 0 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_-.") == "" {
		return Bad // an identifier
	}
	if entropy(s) < 2 {
		return Bad
	}
	return Good
}
