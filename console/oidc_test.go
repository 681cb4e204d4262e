package console

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dlp/sluice/store"
)

// oidcSite is a console that asks p.
func oidcSite(t *testing.T, p *issuer) *site {
	t.Helper()
	return newSite(t, func(o *Options) {
		o.OIDC = OIDC{
			Issuer: p.http.URL, ClientID: testClient, ClientSecret: testSecret,
			Roles:  map[Role][]string{Admin: {"sec-admins"}, Reviewer: {"analysts", "soc"}, Viewer: {"staff"}},
			Rights: map[Right][]string{RightEvidence: {"investigators"}, RightSQL: {"analysts"}},
		}
	})
}

// throughOIDC goes to the provider and back, and returns the console's last answer.
func (b *browser) throughOIDC(query string) answer {
	b.x.t.Helper()
	a := b.get("/signin/oidc?" + query)
	if a.status != http.StatusSeeOther {
		b.x.t.Fatalf("begin: %d %s", a.status, a.body)
	}
	a = b.get(a.location())
	if a.status != http.StatusFound {
		b.x.t.Fatalf("the provider says %d %s", a.status, a.body)
	}
	return b.get(a.location())
}

func TestGroupsBringRoles(t *testing.T) {
	for name, c := range map[string]struct {
		groups any
		role   string
		rights []string
	}{
		"the strongest role counts":     {[]string{"staff", "sec-admins", "soc"}, "admin", []string{}},
		"rights come beside the role":   {[]string{"analysts", "investigators"}, "reviewer", []string{"evidence", "sql"}},
		"one group as a word":           {"staff", "viewer", []string{}},
		"no group of ours":              {[]string{"sales"}, "", nil},
		"no groups":                     {nil, "", nil},
		"a right without a role":        {[]string{"investigators"}, "", nil},
		"names are compared as written": {[]string{"SEC-ADMINS"}, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := newIssuer(t)
			x := oidcSite(t, p)
			p.claims = map[string]any{"sub": "1", "preferred_username": "alice", "groups": c.groups}
			a := x.browser().throughOIDC("next=/apps")
			account, err := x.store.Account(t.Context(), "alice")
			if c.role == "" {
				if a.status != http.StatusForbidden || !strings.Contains(a.body, "None of your groups") || err == nil {
					t.Errorf("%d, account %v", a.status, account)
				}
				return
			}
			if a.status != http.StatusSeeOther || a.location() != "/apps" || err != nil || account.Role != c.role || cmp.Diff(c.rights, account.Rights) != "" || account.Secret != "" {
				t.Errorf("%d to %s, role %q rights %v, %v", a.status, a.location(), account.Role, account.Rights, err)
			}
		})
	}
}

func TestRolesFollowGroups(t *testing.T) {
	p := newIssuer(t)
	x := oidcSite(t, p)
	b := x.browser()
	sign := func(groups ...string) answer {
		p.claims = map[string]any{"sub": "1", "email": "alice@example.com", "email_verified": true, "groups": groups}
		return b.throughOIDC("")
	}
	sign("sec-admins")
	sign("staff")
	if a, err := x.store.Account(t.Context(), "alice@example.com"); err != nil || a.Role != "viewer" {
		t.Fatalf("role %q, %v", a.Role, err)
	}
	if x.audited("account.put") != 2 {
		t.Error("the change of role is not in the audit trail")
	}
	if a := sign(); a.status != http.StatusForbidden {
		t.Errorf("without groups: %d", a.status)
	}
	if a := b.get("/"); a.status != http.StatusSeeOther {
		t.Errorf("the session outlived the groups: %d", a.status)
	}
}

func TestAccountsBelongToTheSubject(t *testing.T) {
	p := newIssuer(t)
	x := oidcSite(t, p)
	x.person("ann", Admin)
	p.claims = map[string]any{"sub": "7", "preferred_username": "ann", "groups": []string{"staff"}}
	if a := x.browser().throughOIDC(""); a.status != http.StatusBadRequest {
		t.Errorf("a local account's name at the provider: %d, want to be refused", a.status)
	}
	p.claims = map[string]any{"sub": "8", "preferred_username": "bob", "groups": []string{"staff"}}
	x.browser().throughOIDC("")
	p.claims["sub"] = "9" // the name has changed hands
	if a := x.browser().throughOIDC(""); a.status != http.StatusBadRequest {
		t.Errorf("somebody else's name: %d, want to be refused", a.status)
	}
	p.claims = map[string]any{"sub": "8", "preferred_username": "robert", "groups": []string{"staff"}}
	if a := x.browser().throughOIDC(""); a.status != http.StatusSeeOther {
		t.Errorf("a person with a new name: %d", a.status)
	}
	p.claims = map[string]any{"sub": "<script>", "preferred_username": "<b>x</b>", "email": "x@example.com", "email_verified": false, "groups": []string{"staff"}}
	if a := x.browser().throughOIDC(""); a.status != http.StatusForbidden || !strings.Contains(a.body, "gave no name") {
		t.Errorf("a name of markup: %d", a.status)
	}
	disabled, err := x.store.Account(t.Context(), "bob")
	if err != nil {
		t.Fatal(err)
	}
	disabled.Disabled = true
	if err := x.store.PutAccount(t.Context(), disabled, "test"); err != nil {
		t.Fatal(err)
	}
	p.claims = map[string]any{"sub": "8", "groups": []string{"staff"}}
	if a := x.browser().throughOIDC(""); a.status != http.StatusForbidden || !strings.Contains(a.body, "disabled") {
		t.Errorf("a disabled account: %d", a.status)
	}
}

func TestForgedTokensAreRefused(t *testing.T) {
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, tamper := range map[string]func(claims map[string]any, key *rsa.PrivateKey) *rsa.PrivateKey{
		"another key":      func(_ map[string]any, _ *rsa.PrivateKey) *rsa.PrivateKey { return other },
		"another issuer":   func(c map[string]any, k *rsa.PrivateKey) *rsa.PrivateKey { c["iss"] = "https://evil.example"; return k },
		"another audience": func(c map[string]any, k *rsa.PrivateKey) *rsa.PrivateKey { c["aud"] = "somebody"; return k },
		"another nonce":    func(c map[string]any, k *rsa.PrivateKey) *rsa.PrivateKey { c["nonce"] = "x"; return k },
		"no nonce":         func(c map[string]any, k *rsa.PrivateKey) *rsa.PrivateKey { delete(c, "nonce"); return k },
		"an expired token": func(c map[string]any, k *rsa.PrivateKey) *rsa.PrivateKey {
			c["exp"] = time.Now().Add(-time.Minute).Unix()
			return k
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newIssuer(t)
			x := oidcSite(t, p)
			p.claims, p.tamper = map[string]any{"sub": "1", "preferred_username": "alice", "groups": []string{"sec-admins"}}, tamper
			b := x.browser()
			if a := b.throughOIDC(""); a.status != http.StatusBadGateway || b.cookie() != "" {
				t.Errorf("%d, session %q", a.status, b.cookie())
			}
			if _, err := x.store.Account(t.Context(), "alice"); err == nil {
				t.Error("an account was made")
			}
		})
	}
}

func TestStateBelongsToTheBrowser(t *testing.T) {
	p := newIssuer(t)
	x := oidcSite(t, p)
	p.claims = map[string]any{"sub": "1", "preferred_username": "eve", "groups": []string{"staff"}}
	attacker := x.browser()
	back := attacker.get(attacker.get("/signin/oidc").location()).location()
	victim := x.browser()
	if a := victim.get(back); a.status != http.StatusForbidden || victim.cookie() != "" {
		t.Errorf("a return address of somebody else's sign-in: %d", a.status)
	}
	victim.get("/signin/oidc")
	if a := victim.get(back); a.status != http.StatusForbidden || victim.cookie() != "" {
		t.Errorf("… with a sign-in of one's own begun: %d", a.status)
	}
	if a := attacker.get(back); a.status != http.StatusSeeOther {
		t.Errorf("the browser that began: %d", a.status)
	}
	if a := attacker.get(back); a.status != http.StatusForbidden {
		t.Errorf("the same return address again: %d", a.status)
	}
	q := p.asked
	if q.Get("code_challenge_method") != "S256" || len(q.Get("state")) < 43 || len(q.Get("nonce")) < 43 || q.Get("scope") != "openid profile email" {
		t.Errorf("asked with %v", q)
	}
}

func TestProviderAway(t *testing.T) {
	p := newIssuer(t)
	x := oidcSite(t, p)
	p.http.Close()
	if a := x.browser().get("/signin/oidc"); a.status != http.StatusBadGateway || !strings.Contains(x.log.String(), "identity provider") {
		t.Errorf("%d; the log: %s", a.status, x.log)
	}
	if a := x.browser().get("/signin"); a.status != http.StatusOK || !strings.Contains(a.body, `type="password"`) {
		t.Error("the sign-in with a password is gone with the provider")
	}
}

func TestStepUpAtTheProvider(t *testing.T) {
	p := newIssuer(t)
	x := oidcSite(t, p)
	p.ago = 3 * time.Hour // signed in there in the morning
	p.claims = map[string]any{"sub": "1", "preferred_username": "alice", "groups": []string{"sec-admins"}}
	b := x.browser()
	b.throughOIDC("")
	proved := func() time.Time {
		list, err := x.store.Sessions(t.Context(), x.clock())
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		return list[0].Proved
	}
	if d := x.clock().Sub(proved()); d < 2*time.Hour {
		t.Errorf("a sign-in of this morning counts as %v old", d)
	}
	if a := b.get("/signin?again=1&next=/audit"); !strings.Contains(a.body, "/signin/oidc?next=%2faudit&amp;again=1") || strings.Contains(a.body, `type="password"`) {
		t.Errorf("confirming does not lead to the provider: %s", a.body)
	}
	if a := b.throughOIDC("again=1&next=/audit"); a.status != http.StatusSeeOther || a.location() != "/audit" || p.asked.Get("prompt") != "login" || p.asked.Get("max_age") != "0" {
		t.Errorf("confirm: %d to %s, asked %v", a.status, a.location(), p.asked)
	}
	if d := x.clock().Sub(proved()); d > time.Minute {
		t.Errorf("after confirming, the sign-in counts as %v old", d)
	}
	p.claims["sub"], p.claims["preferred_username"] = "2", "bob"
	if a := b.throughOIDC("again=1"); a.status != http.StatusForbidden {
		t.Errorf("somebody else confirms: %d", a.status)
	}
	p.claims["sub"], p.claims["auth_time"] = "1", time.Now().Add(-time.Hour).Unix()
	if a := b.throughOIDC("again=1"); a.status != http.StatusForbidden {
		t.Errorf("a provider that ignores prompt=login: %d", a.status)
	}
}

func TestOIDCOptions(t *testing.T) {
	good := OIDC{Issuer: "https://idp.example", ClientID: "x", Roles: map[Role][]string{Viewer: {"*"}}}
	for name, c := range map[string]struct {
		change func(o *Options)
		want   string
	}{
		"no URL of the console": {func(o *Options) { o.URL = "" }, "set console.url"},
		"no client":             {func(o *Options) { o.OIDC.ClientID = "" }, "set client_id"},
		"no roles":              {func(o *Options) { o.OIDC.Roles = nil }, "set roles"},
		"an unknown role":       {func(o *Options) { o.OIDC.Roles = map[Role][]string{"root": {"x"}} }, `unknown role "root"`},
		"an unknown right":      {func(o *Options) { o.OIDC.Rights = map[Right][]string{"view": {"x"}} }, `unknown right "view"`},
	} {
		o := Options{Store: &store.Store{}, Rules: func() Rules { return Rules{} }, URL: "https://sluice.example", OIDC: good}
		c.change(&o)
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
