package reqmod

import (
	"encoding/base64"
	"net/netip"
	"slices"
	"testing"
)

func TestNamesAreReadInEveryForm(t *testing.T) {
	encoded := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	cases := map[string]struct{ given, want string }{
		"plain":                            {"alice", "alice"},
		"base64, as Squid sends it":        {encoded("alice"), "alice"},
		"base64 without padding":           {encoded("robert"), "robert"},
		"base64 of a short name":           {encoded("bob"), "bob"},
		"base64 of a short name with mark": {encoded("o'hara"), "o'hara"},
		"base64 with a scheme, as Symantec and McAfee send it": {encoded("Local://alice"), "alice"},
		"a scheme around base64":                               {"Local://" + encoded("alice"), "alice"},
		"a Windows domain":                                     {encoded(`WinNT://CORP/alice`), "CORP/alice"},
		"a distinguished name":                                 {encoded("LDAP://CN=Alice Doe,OU=Sales,DC=corp"), "CN=Alice Doe,OU=Sales,DC=corp"},
		"a distinguished name and its server":                  {encoded("LDAP://dc1.corp.example:389/CN=Alice Doe,OU=Sales/EMEA"), "CN=Alice Doe,OU=Sales/EMEA"},
		"a slash in a distinguished name":                      {"LDAP://CN=Alice,OU=Sales/X=1", "CN=Alice,OU=Sales/X=1"},
		"domain and backslash":                                 {`CORP\alice`, `CORP\alice`},
		"an address":                                           {"Alice@corp.example", "Alice@corp.example"},
		"text that is not base64 of text":                      {"AliceDoe", "AliceDoe"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := personName(c.given); got != c.want {
				t.Errorf("personName(%q) = %q, want %q", c.given, got, c.want)
			}
		})
	}
	// Names of four and eight letters are valid base64; that of these is printable text.
	for _, given := range []string{"Nick", "Rick", "Vick", "Will", "Jill", "Kyle", "Nils", "Rita", "John", "Wiki", "Lynn", "Vito", "Mike", "Tina"} {
		if got := personName(given); got != given {
			t.Errorf("personName(%q) = %q, want it unchanged", given, got)
		}
	}
}

func TestGroupsAreReadInEveryForm(t *testing.T) {
	encoded := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	cases := map[string]struct {
		given string
		want  []string
	}{
		"plain":                 {"finance, engineering", []string{"finance", "engineering"}},
		"a name like base64":    {"Wiki, Risk", []string{"Wiki", "Risk"}},
		"a list in base64":      {encoded("WinNT://CORP/finance,Local://staff"), []string{"CORP/finance", "staff"}},
		"distinguished names":   {"CN=finance,OU=x,CN=staff,OU=y", []string{"CN=finance,OU=x", "CN=staff,OU=y"}},
		"the same of a server":  {"LDAP://dc1/CN=finance,OU=x,DC=corp, LDAP://dc2/CN=staff,OU=y", []string{"CN=finance,OU=x,DC=corp", "CN=staff,OU=y"}},
		"empty ones are no one": {" , ,", nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := groupNames(c.given); !slices.Equal(got, c.want) {
				t.Errorf("groupNames(%q) = %q, want %q", c.given, got, c.want)
			}
		})
	}
}

func TestAddressesAreReadInEveryForm(t *testing.T) {
	cases := map[string]struct{ given, want string }{
		"IPv4":                  {"10.1.2.3", "10.1.2.3"},
		"IPv4 with a port":      {" 10.1.2.3:5555", "10.1.2.3"},
		"IPv4 in IPv6":          {"::ffff:10.1.2.3", "10.1.2.3"},
		"IPv6":                  {"2001:db8::7", "2001:db8::7"},
		"IPv6 in brackets":      {"[2001:db8::7]", "2001:db8::7"},
		"IPv6 with a port":      {"[2001:db8::7]:5555", "2001:db8::7"},
		"IPv6 with a zone":      {"fe80::1%eth0", "fe80::1"},
		"a name is no address":  {"pc7.corp.example", ""},
		"a dash is no address":  {"-", ""},
		"nothing is no address": {"", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var want netip.Addr
			if c.want != "" {
				want = netip.MustParseAddr(c.want)
			}
			if got := parseIP(c.given); got != want {
				t.Errorf("parseIP(%q) = %v, want %v", c.given, got, want)
			}
		})
	}
}
