package console

import (
	"errors"
	"strings"
	"testing"
)

func TestPasswords(t *testing.T) {
	const good = "correct horse battery"
	secret, err := HashPassword(good)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(secret, good) {
		t.Fatal("the secret holds the password")
	}
	if again, err := HashPassword(good); err != nil || again == secret {
		t.Fatalf("two hashes of one password are alike (%v)", err)
	}
	cases := map[string]struct {
		secret, password string
		ok               bool
		err              error
	}{
		"the password":                      {secret, good, true, nil},
		"another":                           {secret, good + "!", false, nil},
		"none":                              {secret, "", false, nil},
		"an account without a password":     {"", "", false, nil},
		"one that is too long to be hashed": {secret, strings.Repeat("x", MaxPassword+1), false, nil},
		"a secret that is no hash":          {"plain", good, false, ErrSecret},
		"a hash that would take all memory": {strings.Replace(secret, "m=65536", "m=4294967295", 1), good, false, ErrSecret},
		"a hash of another kind":            {strings.Replace(secret, "argon2id", "argon2i", 1), good, false, ErrSecret},
		"a hash that was cut":               {secret[:len(secret)-30], good, false, ErrSecret},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			ok, err := VerifyPassword(c.secret, c.password)
			if ok != c.ok || !errors.Is(err, c.err) {
				t.Errorf("%v, %v; want %v, %v", ok, err, c.ok, c.err)
			}
		})
	}
	for name, p := range map[string]string{"short": "elevenbytes", "long": strings.Repeat("x", MaxPassword+1)} {
		if _, err := HashPassword(p); err == nil {
			t.Errorf("a %s password is accepted", name)
		}
	}
}
