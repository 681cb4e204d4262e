package main

import (
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/store"
)

func TestAccountsAreAddedListedAndChanged(t *testing.T) {
	inDir(t)
	const password = "a long enough password\n"
	if code, _, errOut := sluice(t, password, "account", "add", "ann", "--role", "admin"); code != exitFine {
		t.Fatal(errOut)
	}
	cases := map[string]struct {
		stdin string
		args  []string
		code  int
		want  string
	}{
		"a name that is taken":      {password, []string{"add", "ann"}, exitFound, "is there already"},
		"a role that is none":       {password, []string{"add", "bob", "--role", "god"}, exitUsage, "want one of viewer, reviewer, admin"},
		"a right that is none":      {password, []string{"add", "bob", "--right", "root"}, exitUsage, "want one of [evidence sql names]"},
		"a name with markup":        {password, []string{"add", "<b>"}, exitUsage, "a name has 1 to 64"},
		"a short password":          {"short\n", []string{"add", "bob"}, exitFound, "a password has 12 to 1024 bytes"},
		"a new password for nobody": {password, []string{"passwd", "bob"}, exitFound, `no account "bob"`},
		"a new password":            {"another long password", []string{"passwd", "ann"}, exitFine, "account ann (admin) has its password"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			code, _, errOut := sluice(t, c.stdin, append([]string{"account"}, c.args...)...)
			if code != c.code || !strings.Contains(errOut, c.want) {
				t.Errorf("exit code %d, want %d: %s", code, c.code, errOut)
			}
		})
	}
	code, out, errOut := sluice(t, "", "account", "list", "--json")
	if code != exitFine {
		t.Fatal(errOut)
	}
	if a := decode[store.Account](t, out); a.Name != "ann" || a.Role != "admin" || strings.Contains(out, "argon2") {
		t.Errorf("listed as %s", out)
	}
}

func TestExceptionsAreListedAndRevoked(t *testing.T) {
	inDir(t)
	if code, _, errOut := sluice(t, "", "exceptions", "list", "--state", "odd"); code != exitUsage {
		t.Errorf("an odd state: exit code %d: %s", code, errOut)
	}
	if code, _, errOut := sluice(t, "", "exceptions", "revoke", "x"); code != exitFound || !strings.Contains(errOut, `exception "x"`) {
		t.Errorf("exit code %d: %s", code, errOut)
	}
}
