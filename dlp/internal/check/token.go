package check

import (
	"encoding/base64"
	"encoding/json"
	"hash/crc32"
	"strings"
)

// tokens are the checks of structured secrets.
func tokens() []Validator {
	return []Validator{
		{Name: "github_token", About: "the last six characters are the CRC-32 of the thirty before, in base 62", Check: githubToken},
		{Name: "jwt", About: "header is JSON with alg, payload is JSON", Check: jwt},
		{Name: "private_key", About: "a PEM body that decodes and is not elided", Check: privateKey},
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
	if !ok || len(body) < 36 || repeated(body) {
		return Bad
	}
	if crcMatches(body[:len(body)-6], body[len(body)-6:]) {
		return Sure
	}
	return Weak
}

// jwt decodes the two JSON parts of a compact serialization (RFC 7519).
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

// privateKey wants a body of base64 that is long enough for any key, and no dots that
// stand for what was left out.
func privateKey(s string) Verdict {
	s = strings.NewReplacer(`\r`, "", `\n`, "\n", `\\n`, "\n").Replace(s)
	_, body, ok := strings.Cut(s, "-----\n")
	if !ok {
		if _, body, ok = strings.Cut(s, "KEY-----"); !ok {
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
			case c == '.' || c == '*' || c == '<' || c == '[' || c == '{':
				return Bad
			}
		}
	}
	if letters < 40 {
		return Bad
	}
	return Sure
}
