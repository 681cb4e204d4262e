package check

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"strings"
)

// tokens are the checks of structured secrets.
func tokens() []Validator {
	return []Validator{
		{Name: "token", About: "no placeholder, and drawn from enough different characters", Check: token},
		{Name: "github_token", About: "the last six characters are the CRC-32 of the thirty before, in base 62", Check: githubToken},
		{Name: "npm_token", About: "no placeholder; one whose last six characters are the CRC-32 of the thirty before, in base 62, is certain", Check: npmToken},
		{Name: "aws_access_key_id", About: "no documentation key; holds an account number, in base 32, of at most 12 digits", Check: awsKeyID},
		{Name: "jwt", About: "header is JSON with alg, payload is JSON", Check: jwt},
		{Name: "discord_token", About: "the first part is a user id in base64", Check: discordToken},
		{Name: "gcp_service_account", About: "JSON with type, private key and client e-mail", Check: serviceAccount},
		{Name: "private_key", About: "a PEM body that decodes and is not elided", Check: privateKey},
		{Name: "basic_auth", About: "base64 of user:password", Check: basicAuth},
	}
}

// base62 is the digit order of GitHub's and npm's checksums.
const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// crcMatches reports whether sum is the CRC-32 of body in base 62, padded with zeros.
func crcMatches(body, sum string) bool {
	n := crc32.ChecksumIEEE([]byte(body))
	for i := len(sum) - 1; i >= 0; i-- {
		if sum[i] != base62[n%62] {
			return false
		}
		n /= 62
	}
	return n == 0
}

// githubToken: tokens with a wrong checksum were typed or made up.
func githubToken(s string) Verdict {
	_, body, ok := strings.Cut(s, "_")
	if !ok || len(body) < 36 || token(body) == Bad {
		return Bad
	}
	if crcMatches(body[:len(body)-6], body[len(body)-6:]) {
		return Sure
	}
	return Weak
}

// npmToken: npm says that its checksum is that of GitHub's tokens. No token of npm's own confirmed
// that here, so a wrong one does not turn a token down. Tokens of private registries have none.
func npmToken(s string) Verdict {
	body, ok := strings.CutPrefix(s, "npm_")
	switch {
	case token(s) == Bad:
		return Bad
	case ok && len(body) == 36 && crcMatches(body[:30], body[30:]):
		return Sure
	}
	return Good
}

// stops are parts of tokens in documents. They are long enough not to occur by chance.
var stops = [...]string{
	"example", "placeholder", "redacted", "changeme", "your_", "your-", "yourtoken", "yourkey", "yourapi", "insert", "replace",
	"xxxxx", "*****", ".....", "_here", "-here", "dummy", "sample", "abcdefghij", "1234567890abc", "0123456789",
}

// token accepts the variable part of a token, or all of it.
func token(s string) Verdict {
	lower := strings.ToLower(s)
	for _, stop := range stops {
		if strings.Contains(lower, stop) {
			return Bad
		}
	}
	if longestRun(s) >= 6 || entropy(s) < 2.5 {
		return Bad
	}
	return Good
}

// longestRun returns the length of the longest run of one character.
func longestRun(s string) int {
	longest, run := 0, 0
	for i := range len(s) {
		if i > 0 && s[i] == s[i-1] {
			run++
		} else {
			run = 1
		}
		longest = max(longest, run)
	}
	return longest
}

// awsKeyID: keys made since 2019 carry the account's number in bits 1 to 40. Those of
// before, and keys that somebody made up, decode to no number of twelve digits.
func awsKeyID(s string) Verdict {
	if len(s) != 20 || strings.Contains(s, "EXAMPLE") || longestRun(s) >= 5 || entropy(s[4:]) < 2 {
		return Bad
	}
	if account, ok := awsAccount(s); ok && account < 1_000_000_000_000 {
		return Sure
	}
	return Good
}

// awsAccount returns the number of the account that a key id belongs to.
func awsAccount(id string) (uint64, bool) {
	raw, err := base32.StdEncoding.DecodeString(id[4:])
	if err != nil || len(raw) < 6 || raw[0]&0x80 == 0 {
		return 0, false
	}
	var head [8]byte
	copy(head[2:], raw[:6])
	return binary.BigEndian.Uint64(head[:]) >> 7 & (1<<40 - 1), true
}

// jwt decodes the two JSON parts of a compact serialization (RFC 7519); an encrypted one
// (RFC 7516) has a JSON header only.
func jwt(s string) Verdict {
	parts := strings.Split(s, ".")
	if len(parts) < 2 {
		return Bad
	}
	var head struct{ Alg, Enc string }
	if !jsonPart(parts[0], &head) || head.Alg == "" {
		return Bad
	}
	var claims map[string]any
	if head.Enc == "" && !jsonPart(parts[1], &claims) {
		return Bad
	}
	return Sure
}

func jsonPart(part string, into any) bool {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(part, "="))
	return err == nil && json.Unmarshal(raw, into) == nil
}

// discordToken: a bot token starts with its snowflake.
func discordToken(s string) Verdict {
	id, _, _ := strings.Cut(s, ".")
	raw, err := base64.RawStdEncoding.DecodeString(id)
	if err != nil {
		return Bad
	}
	_, ok := digits(string(raw), 17, 20)
	return sureIf(ok)
}

// serviceAccount reads the key file that Google's console hands out. A copy that was cut
// is told by its parts.
func serviceAccount(s string) Verdict {
	if !strings.Contains(s, "private_key") || privateKey(s) == Bad {
		return Bad
	}
	return Sure
}

// basicAuth decodes the credentials of RFC 7617.
func basicAuth(s string) Verdict {
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	if err != nil {
		return Bad
	}
	user, pass, ok := strings.Cut(string(raw), ":")
	for _, r := range string(raw) {
		if r < ' ' || r == '\uFFFD' {
			return Bad
		}
	}
	return verdict(ok && user != "" && len(pass) >= 4 && !placeholder(pass))
}

// privateKey wants a body of base64 that is long enough for any key, and no dots that
// stand for what was left out.
func privateKey(s string) Verdict {
	s = strings.NewReplacer(`\\n`, "\n", `\r`, "", `\n`, "\n", "\r", "").Replace(s)
	_, body, ok := strings.Cut(s, "KEY-----")
	if !ok {
		if _, body, ok = strings.Cut(s, "BLOCK-----"); !ok {
			return Bad
		}
	}
	body, _, _ = strings.Cut(body, "-----END")
	letters := 0
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		if strings.Contains(line, ": ") { // RFC 1421 headers: Proc-Type, DEK-Info
			continue
		}
		for i := range len(line) {
			switch c := line[i]; {
			case c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '+' || c == '/':
				letters++
			case among(c, ".*<[{"):
				return Bad
			}
		}
	}
	if letters < 40 || longestRun(body) >= 12 && strings.Contains(strings.ToLower(body), "xxxx") {
		return Bad
	}
	return Sure
}
