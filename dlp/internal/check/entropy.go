package check

import (
	"math"
	"net/url"
	"strings"
)

// secrets are the checks of values that have no structure.
func secrets() []Validator {
	return []Validator{
		{Name: "secret", About: "no placeholder, variable, path or words; enough different characters", Check: secret},
		{Name: "password", About: "no placeholder, variable or plain word; a digit or a sign in it", Check: password, Within: passwordWithin},
		{Name: "password_prose", About: "as password, and no identifier", Check: passwordProse, Within: passwordWithin},
		{Name: "password_strong", About: "as password_prose, with a digit, a letter and one of another kind", Check: passwordStrong, Within: digitWithin},
		{Name: "connection_string", About: "names a server or a database, and the password is no placeholder", Check: connectionString},
		{Name: "url_password", About: "the password of scheme://user:password@host is no placeholder", Check: urlPassword},
		{Name: "hex_secret", About: "hexadecimal, and drawn at random", Check: hexSecret},
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

// placeholderWords stand alone, between signs, in values that documents put where a secret
// goes.
const placeholderWords = " your my the example here placeholder changeme change dummy fake mock insert replace todo fixme " +
	"redacted sample undefined none null nil true false xxx xxxx foo bar foobar baz test testing secret password passwd pass pwd token key value string hidden masked " +
	"required optional default redacted removed omitted lorem ipsum "

// placeholderParts occur inside of such values.
var placeholderParts = [...]string{
	"example", "changeme", "change_me", "change-me", "placeholder", "redacted", "yourpass", "yourtoken", "yourapi", "yoursecret",
	"yourkey", "xxxxx", "****", "••••", "....", "password", "passw0rd", "p@ssw0rd", "p@ssword", "abcdefgh", "12345678", "qwerty", "foobar",
	"process.env", "os.environ", "getenv", "env.", "secrets.", "vault:", "config.", "settings.", "letmein",
}

// placeholder reports a value that stands for a secret instead of being one.
func placeholder(s string) bool {
	lower := strings.ToLower(s)
	for _, p := range placeholderParts {
		if strings.Contains(lower, p) {
			return true
		}
	}
	words := strings.FieldsFunc(lower, func(r rune) bool { return (r < 'a' || r > 'z') && r < 0x80 })
	stops := 0
	for _, w := range words {
		if strings.Contains(placeholderWords, " "+w+" ") {
			stops++
		}
	}
	if stops > 0 && stops*2 >= len(words) {
		return true
	}
	if strings.HasPrefix(s, `\x1b`) || strings.HasPrefix(s, `\033`) || strings.HasPrefix(s, `\e[`) {
		return true // a colour for a terminal
	}
	return variable(s) || strings.Trim(s, "*•.x-_#?") == "" || longestRun(s) >= max(5, len(s)/2)
}

// variable reports a reference to where the value is kept: ${X}, $X, {{x}}, <x>, %X%, [x].
func variable(s string) bool {
	switch {
	case s == "":
		return true
	case among(s[0], "<{["), strings.HasPrefix(s, "${"), strings.HasPrefix(s, "$("), strings.HasPrefix(s, "#{"), strings.HasPrefix(s, "%{"):
		return true
	case s[0] == '$':
		return identifier(s[1:]) && !strings.ContainsAny(s[1:], "0123456789")
	case s[0] == '%' && s[len(s)-1] == '%':
		return true
	}
	return strings.Contains(s, "${") || strings.Contains(s, "{{") || strings.Contains(s, "://") || strings.HasSuffix(s, "()")
}

// identifier reports a name as programs have them.
func identifier(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '_' && c != '.' && !(c >= '0' && c <= '9') && !(c|0x20 >= 'a' && c|0x20 <= 'z') {
			return false
		}
	}
	return true
}

// kinds counts the character classes of a value. Letters beyond ASCII count as small ones.
func kinds(s string) (lower, upper, digit, sign int) {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 0x80:
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
	if digit > 0 && strings.Trim(s, "0123456789abcdef") == "" {
		return hexSecret(s) // pairs of these letters look like words
	}
	switch {
	case placeholder(s), lower+upper == 0, wordlike(s):
		return Bad
	case strings.HasPrefix(s, "/") && strings.Count(s, "/") > 2, strings.HasPrefix(s, "./"):
		return Bad // a path
	case digit == 0 && (lower == 0 || upper == 0 || len(s) < 20 || entropy(s) < 3.6):
		return Bad
	case digit > 0 && lower+upper >= 10 && identifier(s) && !strings.ContainsAny(strings.TrimRight(s, "0123456789"), "0123456789"):
		return Bad // a name with a number
	case digit == 0 && strings.Contains(s, ".") && identifier(s):
		return Bad // an expression
	case entropy(s) < 3:
		return Bad
	}
	return Good
}

// hexSecret accepts keys that are nothing but hexadecimal digits.
func hexSecret(s string) Verdict {
	_, _, digit, _ := kinds(s)
	if digit == 0 || digit == len(s) || entropy(s) < 2.8 || longestRun(s) >= 6 || strings.Contains(strings.ToLower(s), "deadbeef") {
		return Bad
	}
	for _, run := range [...]string{"0123456789", "1234567890", "abcdef0123"} {
		if strings.Contains(strings.ToLower(s), run) {
			return Bad
		}
	}
	return Good
}

// password accepts what people choose: shorter and less random than keys.
func password(s string) Verdict {
	lower, upper, digit, sign := kinds(s)
	switch {
	case placeholder(s), len(s) < 6, lower+upper == 0, digit+sign == 0, entropy(s) < 2:
		return Bad
	case digit == 0 && strings.TrimFunc(s, func(r rune) bool { return r >= 0x80 || wordBytes[r] }) == "":
		return Bad // a name, a path or a hyphenated word
	}
	return Good
}

// passwordWithin reports whether some part of a match can be a password: one has a digit or
// a sign that names, paths and the words around it have not.
func passwordWithin(match []byte) bool {
	for _, c := range match {
		if !wordBytes[c] {
			return true
		}
	}
	return false
}

// wordBytes are letters, and the signs in names, in paths and around values.
var wordBytes = func() (t [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-./: \t\r\n\"'`") {
		t[c] = true
	}
	for c := 0x80; c < len(t); c++ {
		t[c] = true
	}
	return t
}()

func digitWithin(match []byte) bool {
	for _, c := range match {
		if c >= '0' && c <= '9' {
			return true
		}
	}
	return false
}

// passwordProse is for values that no quotes mark as such.
func passwordProse(s string) Verdict {
	for _, escape := range [...]string{`\r`, `\n`, `\t`, `\`} {
		s = strings.TrimSuffix(strings.TrimSuffix(s, `\n`), escape)
	}
	if s, _, _ = strings.Cut(s, "&quot"); strings.HasPrefix(s, `\x`) || strings.HasPrefix(s, ":") || strings.Contains(s, "%s") || strings.Contains(s, "%d") || strings.Contains(s, "%v") {
		return Bad
	}
	if strings.HasPrefix(s, "/") || sourcePath(s) || sayingHowLong(s) {
		return Bad
	}
	if strings.Contains(s, "_") && identifier(s) && s == strings.ToLower(s) && (s[0] > '9' || s[0] < '0') &&
		(wordlike(s) || !strings.ContainsAny(s, "0123456789")) {
		return Bad // a name as programs have them
	}
	lower, upper, digit, sign := kinds(s)
	if sign > 0 && digit+upper == 0 && lower+sign == len(s) && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz'’-.,/") == "" {
		return Bad
	}
	if digit > 0 && strings.Trim(s, "0123456789-/.,:%+x") == "" || expression(s) {
		return Bad
	}
	return password(s)
}

// sourcePath reports the path of a file of a program, as reports of tests have it: PASS: lib/unwind-1.c
func sourcePath(s string) bool {
	dot := strings.LastIndexByte(s, '.')
	ext := s[dot+1:]
	return strings.LastIndexByte(s, '/') > 0 && strings.LastIndexByte(s, '/') < dot && len(ext) > 0 && len(ext) <= 4 &&
		strings.Trim(ext, "abcdefghijklmnopqrstuvwxyz") == "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-_.+/") == ""
}

// sayingHowLong reports what forms say of a password in scripts without blanks: 密码：至少8位.
func sayingHowLong(s string) bool {
	for _, start := range [...]string{"至少", "最少", "不少于", "必须", "必須", "长度", "長度", "需要", "请", "請", "最低", "少なくとも", "최소"} {
		if strings.HasPrefix(s, start) {
			return true
		}
	}
	return false
}

// called are names of types and functions with digits, which stand before a bracket in code.
const called = " int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 md5 sha1 sha256 sha512 b64encode b64decode utf8 base64 "

// expression reports the beginning of program code: a name that is called, indexed or
// pointed at, such as io.Pipe( or &pass. What people choose has digits before a bracket.
func expression(s string) bool {
	if s = strings.TrimRight(s, `)]}"'\:;,.?`); identifier(strings.TrimLeft(s, "([")) && !strings.ContainsAny(s, "0123456789") {
		return true
	}
	t := strings.TrimLeft(s, "&*!")
	i := strings.IndexAny(t, "([{")
	switch {
	case i > 0:
		return identifier(t[:i]) && (strings.ContainsAny(t[:i], "._") || !strings.ContainsAny(t[:i], "0123456789") || strings.Contains(called, " "+t[:i]+" "))
	case len(t) < len(s):
		return identifier(t)
	}
	return strings.HasPrefix(s, "[]") || strings.HasPrefix(s, "(*") || strings.Contains(s, ":=") || strings.HasSuffix(s, "()")
}

// technical are names with digits that follow the word password in prose.
const technical = " argon2 argon2i argon2id base32 base58 base64 bcrypt2 blake2b blake3 ed25519 face2face hmacsha256 ipv4 ipv6 k8s mp3 mp4 oauth2 " +
	"office365 pbkdf2 pkcs8 pkcs12 python3 sha1 sha2 sha256 sha512 sha3 utf8 utf16 utf-8 utf-16 sha-1 sha-256 sha-512 iso-8859-1 web3 win32 windows10 windows11 x509 1password s3 ec2 html5 css3 "

// passwordStrong is for values that only stand behind a user's name.
func passwordStrong(s string) Verdict {
	lower, upper, digit, sign := kinds(s)
	if digit == 0 || lower+upper == 0 || strings.Contains(s, "/") || sign == 0 && (upper == 0 || lower == 0) || strings.Contains(technical, " "+strings.ToLower(s)+" ") {
		return Bad
	}
	return passwordProse(s)
}

// connectionString looks at the pairs of a connection string.
func connectionString(s string) Verdict {
	where, pass := false, ""
	for _, pair := range strings.FieldsFunc(s, func(r rune) bool { return r == ';' || r == '&' || r == '?' || r == ' ' || r == '\n' }) {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			continue
		}
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "password", "pwd":
			pass = strings.TrimSpace(value)
		case "server", "host", "source", "database", "dbname", "catalog", "dsn", "driver", "address", "addr", "hostaddr", "port", "uid", "user", "id", "username":
			where = true
		}
	}
	where = where || strings.HasPrefix(strings.ToLower(s), "jdbc:")
	if i := strings.LastIndexByte(s, '@'); pass == "" && i > 0 { // jdbc:oracle:thin:user/password@host
		_, pass, _ = strings.Cut(s[:i], "/")
	}
	return verdict(where && len(pass) >= 3 && !placeholder(pass))
}

// urlPassword looks at the password inside of a URL.
func urlPassword(s string) Verdict {
	_, rest, ok := strings.Cut(s, "://")
	if !ok {
		return Bad
	}
	at := strings.LastIndexByte(rest, '@')
	if at < 0 {
		return Bad
	}
	user, pass, ok := strings.Cut(rest[:at], ":")
	if plain, err := url.PathUnescape(pass); err == nil {
		pass = plain
	}
	if !ok || pass == "" || pass == user || placeholder(pass) || variable(pass) { // guest:guest is a default
		return Bad
	}
	host := strings.ToLower(rest[at+1:])
	if strings.HasPrefix(host, "example.") || strings.HasPrefix(host, "host") && !among(host[min(4, len(host)-1)], "0123456789-.") {
		return Bad
	}
	return Good
}
