package config

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/sluice-dlp/sluice/event"
)

// places tell where the value of a key comes from.
type places struct {
	name  string            // of the settings file
	lines map[string]int    // in it
	set   map[string]string // the variables and flags that have set a key instead
}

// of returns the line of key in the file, 0 when it is not from there, and what to call the place.
func (p places) of(key string) (line int, place string) {
	if by, ok := p.set[key]; ok {
		return 0, by
	}
	line = p.lines[key]
	if list, _, ok := strings.Cut(key, "."); ok && line == 0 {
		line = p.lines[list] // of the entry that lacks it
	}
	if line == 0 {
		return 0, "setting " + key
	}
	return line, fmt.Sprintf("%s:%d: %q", p.name, line, key)
}

// validate checks every value on its own and the few that must fit together, and returns
// the mistakes with the keys they are about. Nothing is said of those in bad.
func (f *File) validate(where places, bad map[string]bool) (mistakes []error, keys []string) {
	type mistake struct {
		line int
		err  error
	}
	var found []mistake
	fail := func(key, format string, args ...any) {
		if bad[key] {
			return
		}
		keys = append(keys, key)
		line, place := where.of(key)
		found = append(found, mistake{line, fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...))})
	}
	walk(reflect.ValueOf(f).Elem(), "", func(key string, field reflect.Value, tag reflect.StructTag) {
		if msg := checkScalar(field, tag); msg != "" {
			fail(key, "%s", msg)
		}
	})
	for i, p := range f.ICAP.Allow {
		if _, err := parsePrefix(p); err != nil {
			fail(fmt.Sprintf("icap.allow[%d]", i), "%q is not a network; write for example 10.0.0.0/8", p)
		}
	}
	for key, dirs := range map[string][]string{"catalogue.dirs": f.Catalogue.Dirs, "profiles.dirs": f.Profiles.Dirs} {
		for i, dir := range dirs {
			if !isDir(dir) {
				fail(fmt.Sprintf("%s[%d]", key, i), "%s: no such directory; create it or correct the path", dir)
			}
		}
	}
	for i, s := range f.Geo.Sites {
		if _, err := netip.ParsePrefix(s.CIDR); err != nil {
			fail(fmt.Sprintf("geo.sites[%d].cidr", i), "%q is not a network; write for example 10.1.0.0/16", s.CIDR)
		}
		if msg := checkLabel(s.Name); msg != "" {
			fail(fmt.Sprintf("geo.sites[%d].name", i), "%s", msg)
		}
	}
	for i, p := range f.Exceptions.Profiles {
		key := fmt.Sprintf("exceptions.profiles[%d]", i)
		if p.Profile == "" {
			fail(key, "has no profile; name one, or a gap as gap:too_large, or app")
		}
		if !slices.Contains([]string{"", "none", "reviewer"}, p.Approval) {
			fail(key+".approval", "must be one of none, reviewer, not %q", p.Approval)
		}
	}
	f.validateTogether(fail)
	f.validateExport(fail)
	f.validateNotify(fail)
	slices.SortStableFunc(found, func(a, b mistake) int {
		return cmp.Or(cmp.Compare(a.line, b.line), strings.Compare(a.err.Error(), b.err.Error()))
	})
	for _, m := range found {
		mistakes = append(mistakes, m.err)
	}
	return mistakes, keys
}

func (f *File) validateTogether(fail func(key, format string, args ...any)) {
	taken := map[string]string{}
	for _, l := range []struct{ key, address string }{
		{"icap.listen", f.ICAP.Listen},
		{"icap.tls.listen", f.ICAP.TLS.Listen},
		{"console.listen", f.Console.Listen},
		{"ops.listen", f.Ops.Listen},
	} {
		if other := taken[l.address]; other != "" {
			fail(l.key, "%s is the address of %s too; give each its own", l.address, other)
		}
		if l.address != "" && !strings.HasSuffix(l.address, ":0") { // the system finds a port for each 0
			taken[l.address] = l.key
		}
	}
	if t := f.ICAP.TLS; t.Listen != "" && (t.Cert == "" || t.Key == "") {
		fail("icap.tls.listen", "icaps needs icap.tls.cert and icap.tls.key too")
	}
	if len(f.ICAP.Allow) == 0 { // to icap it means everybody, whose headers then say who somebody is
		fail("icap.allow", "must name the networks of the proxies; write 0.0.0.0/0 and ::/0 to let everybody in")
	}
	if f.DataDir == "" {
		fail("data_dir", "must name a directory; leave it out for ./data")
	}
	if f.ICAP.MaxConnections < 0 {
		fail("icap.max_connections", "must be 0 (the default limit) or more")
	}
	for key, n := range map[string]int64{
		"icap.memory": int64(f.ICAP.Memory), "icap.deadline": int64(f.ICAP.Deadline), "extract.expanded": int64(f.Extract.Expanded),
		"extract.member": int64(f.Extract.Member), "extract.text": int64(f.Extract.Text), "extract.depth": int64(f.Extract.Depth),
		"extract.members": int64(f.Extract.Members), "extract.time": int64(f.Extract.Time), "retention.events": int64(f.Retention.Events),
		"retention.rollups": int64(f.Retention.Rollups), "exceptions.lifetime": int64(f.Exceptions.Lifetime),
	} {
		if n <= 0 {
			fail(key, "must be more than 0")
		}
	}
	if u := f.Database.URL.Reveal(); u != "" && !strings.HasPrefix(u, "postgres://") && !strings.HasPrefix(u, "postgresql://") {
		fail("database.url", "must begin with postgres://; leave it empty for SQLite in data_dir")
	}
	if key := f.Payload.AgeRecipient; key != "" {
		if _, err := event.NewSealer(key); err != nil {
			fail("payload.age_recipient", "%v", err)
		}
	}
	f.validateOIDC(fail)
	for field, header := range f.Identity.Headers {
		if !slices.Contains([]string{"device", "posture", "user", "groups"}, field) {
			fail("identity.headers", "unknown fact %q; known: device, posture, user, groups", field)
		}
		if header == "" || strings.ContainsAny(header, " :\r\n\t") {
			fail("identity.headers", "%q is not a header name", header)
		}
	}
}

// validateOIDC checks sign-in by an identity provider; without an issuer there is none.
func (f *File) validateOIDC(fail func(key, format string, args ...any)) {
	o := f.Console.OIDC
	for role := range o.Roles {
		if !slices.Contains([]string{"viewer", "reviewer", "admin"}, role) {
			fail("console.oidc.roles", "unknown role %q; known: viewer, reviewer, admin", role)
		}
	}
	for right := range o.Rights {
		if !slices.Contains([]string{"evidence", "sql", "names"}, right) {
			fail("console.oidc.rights", "unknown right %q; known: evidence, sql, names", right)
		}
	}
	if o.Issuer == "" {
		return
	}
	if f.Console.URL == "" {
		fail("console.oidc.issuer", "set console.url too: the provider sends people back there")
	}
	if o.ClientID == "" {
		fail("console.oidc.issuer", "set console.oidc.client_id too")
	}
	if len(o.Roles) == 0 {
		fail("console.oidc.issuer", "set console.oidc.roles too, for example {admin: [security-admins], viewer: [\"*\"]}; without them nobody may do anything")
	}
}

func checkScalar(field reflect.Value, tag reflect.StructTag) string {
	if field.Kind() != reflect.String {
		return ""
	}
	s := field.String()
	if one := strings.Fields(tag.Get("one")); len(one) > 0 && !slices.Contains(one, s) {
		return fmt.Sprintf("must be one of %s, not %q", strings.Join(one, ", "), s)
	}
	if s == "" {
		return ""
	}
	switch tag.Get("is") {
	case "address":
		_, port, err := net.SplitHostPort(s)
		if _, perr := strconv.ParseUint(port, 10, 16); err != nil || perr != nil {
			return fmt.Sprintf("%q is not host:port; write for example 127.0.0.1:1344", s)
		}
	case "label":
		return checkLabel(s)
	case "url":
		if u, err := url.Parse(s); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return fmt.Sprintf("%q is not a URL; write for example https://sluice.example.com", s)
		}
	}
	switch tag.Get("path") {
	case "must":
		switch st, err := os.Stat(s); {
		case err != nil:
			return s + ": no such file; create it or correct the path"
		case st.IsDir():
			return s + " is a directory; name a file"
		}
	case "mustdir":
		if !isDir(s) {
			return s + ": no such directory; create it or correct the path"
		}
	}
	return ""
}

// checkLabel keeps from lists, tables and logs what would break their lines.
func checkLabel(s string) string {
	switch {
	case strings.ContainsFunc(s, unicode.IsControl):
		return fmt.Sprintf("%q has control characters; write a label that is one line of text", s)
	case len(s) > maxLabel:
		return fmt.Sprintf("is longer than %d bytes; write a short label", maxLabel)
	}
	return ""
}

const maxLabel = 255 // bytes, as many as a host name may have

func isDir(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}

func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(s)
}
