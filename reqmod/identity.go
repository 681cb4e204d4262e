package reqmod

import (
	"encoding/base64"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/policy"
)

// Limits of what an ICAP client may tell of a person.
const (
	identityBytes = 512 // of one name
	identityNames = 1000
)

// identity is who and what sent a request, as the proxy tells it. HTTP header fields of
// the same names are the employee's to forge and are not read.
type identity struct {
	user   policy.User
	source policy.Source
	device policy.Device
	ip     string // of the source; "" when it is not known
}

// identityFields are the keys of Options.IdentityHeaders.
func identityFields() []string { return []string{"device", "posture"} }

func (h *Handler) identify(header icap.Header) identity {
	var id identity
	var groups []string
	header.Each(func(name, value []byte) bool {
		switch {
		case equalFold(name, "X-Client-IP"):
			if !id.source.IP.IsValid() {
				id.source.IP = parseIP(string(value))
			}
		case equalFold(name, "X-Authenticated-User"), equalFold(name, "X-Client-Username"):
			if id.user.Name == "" {
				id.user.Name = personName(string(value))
			}
		case equalFold(name, "X-Authenticated-Groups"):
			groups = append(groups, groupNames(string(value))...)
		case equalFold(name, h.o.IdentityHeaders["device"]):
			id.device.ID = clean(string(value))
		case equalFold(name, h.o.IdentityHeaders["posture"]):
			id.device.Posture = clean(string(value))
		}
		return true
	})
	id.ip = ipString(id.source.IP)
	slices.Sort(groups)
	groups = slices.Compact(groups)
	id.user.Groups = groups[:min(len(groups), identityNames)]
	if h.o.Geo != nil && id.source.IP.IsValid() {
		id.source.Country, id.source.Site = h.o.Geo.Locate(id.source.IP)
	}
	return id
}

func equalFold(name []byte, want string) bool {
	return len(name) == len(want) && want != "" && strings.EqualFold(string(name), want)
}

// parseIP reads an address, in brackets or with a port as some clients send it; IPv4 in
// IPv6 is IPv4.
func parseIP(s string) netip.Addr {
	s = strings.TrimSpace(s)
	ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	if err != nil {
		if pair, err := netip.ParseAddrPort(s); err == nil {
			ip = pair.Addr()
		}
	}
	return ip.Unmap().WithZone("")
}

// personName reads a name that may be base64 and may carry a scheme: "alice", "YWxpY2U=",
// "Local://alice", and the base64 of the latter.
func personName(s string) string { return clean(withoutScheme(plain(strings.TrimSpace(s)))) }

// groupNames reads a list of names, each or the whole of it as personName does. Commas
// within a distinguished name ("CN=finance,OU=x") belong to it.
func groupNames(s string) []string {
	s = plain(strings.TrimSpace(s))
	var names []string
	for part := range strings.SplitSeq(s, ",") {
		if len(names) == identityNames {
			break
		}
		if n := len(names); n > 0 && isAttribute(part) && isAttribute(names[n-1]) && !strings.HasPrefix(strings.ToLower(strings.TrimSpace(part)), "cn=") {
			names[n-1] += "," + strings.TrimSpace(part)
			continue
		}
		if name := personName(part); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// isAttribute reports whether s begins like a part of a distinguished name.
func isAttribute(s string) bool {
	key, _, ok := strings.Cut(strings.TrimSpace(s), "=")
	return ok && len(key) <= 3 && key != "" && !strings.HasSuffix(s, "=")
}

// plain undoes base64 where s is surely base64 of a name: padded, or of mixed case, and
// nothing but printable text when decoded. A plain user name is hardly ever that, but for
// short ones: "Nick" would decode to "6'$". They must decode to what looks like a name.
func plain(s string) string {
	if len(s) < 4 || len(s)%4 != 0 {
		return s
	}
	mixed := strings.ContainsFunc(s, unicode.IsUpper) && strings.ContainsFunc(s, unicode.IsLower)
	padded := strings.HasSuffix(s, "=")
	if !padded && !mixed {
		return s
	}
	decoded, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || !utf8.Valid(decoded) || strings.ContainsFunc(string(decoded), func(c rune) bool { return !unicode.IsPrint(c) }) {
		return s
	}
	if !padded && len(s) <= shortBase64 && !isPlainName(string(decoded)) {
		return s
	}
	return string(decoded)
}

// shortBase64 is the length up to which a name may look like base64 by chance.
const shortBase64 = 8

// isPlainName reports whether s begins like a name and holds nothing but letters, digits
// and at most one mark of those that stand in names.
func isPlainName(s string) bool {
	marks := 0
	for i, c := range s {
		switch {
		case unicode.IsLetter(c) || unicode.IsDigit(c):
		case i > 0 && strings.ContainsRune(` .-_@\/'`, c):
			marks++
		default:
			return false
		}
	}
	return marks <= 1
}

// withoutScheme cuts "Local://", "WinNT://", "LDAP://" off a name.
func withoutScheme(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || strings.ContainsFunc(scheme, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }) {
		return s
	}
	// "LDAP://dc1.corp.example/CN=Alice,…": the name is the same whichever server knew it.
	if server, dn, ok := strings.Cut(rest, "/"); ok && strings.EqualFold(scheme[:min(4, len(scheme))], "ldap") && !strings.Contains(server, "=") && isAttribute(dn) {
		return dn
	}
	return plain(rest)
}

// clean bounds a name and drops what cannot be shown.
func clean(s string) string {
	s = strings.Map(func(c rune) rune {
		if c == utf8.RuneError || unicode.IsControl(c) {
			return -1
		}
		return c
	}, s)
	return strings.TrimSpace(truncate(s, identityBytes))
}

// truncate cuts s to at most n bytes, between characters.
func truncate(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
