package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/store"
)

func signInForm(name, password string) url.Values {
	return url.Values{"name": {name}, "password": {password}, "next": {"/apps?status=approved"}}
}

func TestPasswordSignIn(t *testing.T) {
	x := newSite(t, nil)
	x.person("ann", Admin)
	b := x.browser()
	if a := b.get("/"); a.status != http.StatusSeeOther || a.location() != "/signin?next=%2F" {
		t.Fatalf("without a session: %d %s", a.status, a.location())
	}
	for name, form := range map[string]url.Values{
		"a wrong password":   signInForm("ann", "correct horse batterY"),
		"an unknown account": signInForm("eve", testPassword),
		"an empty password":  signInForm("ann", ""),
	} {
		if a := b.post("/signin", form); a.status != http.StatusUnauthorized || !strings.Contains(a.body, "Name or password is wrong.") || b.cookie() != "" {
			t.Errorf("%s: %d, cookie %q", name, a.status, b.cookie())
		}
	}
	a := b.post("/signin", signInForm("ann", testPassword))
	if a.status != http.StatusSeeOther || a.location() != "/apps?status=approved" {
		t.Fatalf("the right password: %d to %s", a.status, a.location())
	}
	if c := a.header.Get("Set-Cookie"); !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Lax") {
		t.Errorf("cookie %s", c)
	}
	if a := b.get("/"); a.status != http.StatusOK {
		t.Errorf("with a session: %d", a.status)
	}
	if n := x.audited("session.begin"); n != 1 {
		t.Errorf("%d sign-ins in the audit trail, want 1", n)
	}
	if a := b.post("/signout", nil); a.status != http.StatusSeeOther || b.get("/").status != http.StatusSeeOther || x.audited("session.end") != 1 {
		t.Errorf("sign-out: %d; the session still holds, or is not in the audit trail", a.status)
	}
	if strings.Contains(x.log.String(), "batterY") {
		t.Error("the log has a password")
	}
}

func TestCookieOverHTTPS(t *testing.T) {
	x := newSite(t, func(o *Options) { o.URL = "https://sluice.example.com" })
	x.person("ann", Viewer)
	a := x.browser().post("/signin", signInForm("ann", testPassword))
	c := a.header.Get("Set-Cookie")
	if !strings.HasPrefix(c, "__Host-sluice=") || !strings.Contains(c, "Secure") || !strings.Contains(c, "Path=/;") || strings.Contains(c, "Domain") {
		t.Errorf("cookie %q", c)
	}
	if a.header.Get("Strict-Transport-Security") == "" {
		t.Error("no Strict-Transport-Security")
	}
}

func TestSessionsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		then func(x *site, b *browser)
		want int
	}{
		"in use, it holds":             {func(x *site, b *browser) { x.pass(29 * time.Minute) }, http.StatusOK},
		"unused for half an hour":      {func(x *site, b *browser) { x.pass(31 * time.Minute) }, http.StatusSeeOther},
		"used all day, after 12 hours": {useAllDay, http.StatusSeeOther},
		"the account is disabled": {func(x *site, b *browser) {
			if err := x.store.PutAccount(x.t.Context(), store.Account{Name: "ann", Role: "admin", Disabled: true}, "test"); err != nil {
				x.t.Fatal(err)
			}
		}, http.StatusSeeOther},
	} {
		t.Run(name, func(t *testing.T) {
			x := newSite(t, nil)
			x.account("ann", Admin)
			b := x.signedIn("ann")
			c.then(x, b)
			if a := b.get("/"); a.status != c.want {
				t.Errorf("status %d, want %d", a.status, c.want)
			}
		})
	}
}

func useAllDay(x *site, b *browser) {
	for range 12 * 3 {
		x.pass(20 * time.Minute)
		b.get("/")
	}
}

func TestSessionFixation(t *testing.T) {
	x := newSite(t, nil)
	x.person("ann", Admin)
	x.account("eve", Viewer)
	planted := x.signedIn("eve").cookie()
	for name, before := range map[string]string{"a made-up session": "AAAA", "a session of somebody else": planted} {
		b := x.browser()
		b.setCookie("sluice", before)
		b.post("/signin", signInForm("ann", testPassword))
		if after := b.cookie(); after == before || after == "" {
			t.Errorf("%s: the session was not renewed at sign-in", name)
		}
		other := x.browser()
		other.setCookie("sluice", before)
		if a := other.get("/"); a.status != http.StatusSeeOther {
			t.Errorf("%s: it holds after the sign-in: %d", name, a.status)
		}
	}
}

func TestDatabaseHoldsNoSecrets(t *testing.T) {
	x := newSite(t, nil)
	x.account("ann", Admin)
	b := x.signedIn("ann")
	var sessions int
	err := x.store.OutboxDB().QueryRowContext(t.Context(), `SELECT count(*) FROM session WHERE id = $1`, b.cookie()).Scan(&sessions)
	if err != nil || sessions != 0 {
		t.Errorf("the cookie's value is in the database: %d, %v", sessions, err)
	}
}

func TestAttemptsAreLimited(t *testing.T) {
	x := newSite(t, nil)
	x.person("ann", Admin)
	x.person("bob", Viewer)
	b := x.browser()
	from := func(address string) []string { return []string{"X-Forwarded-For", "9.9.9.9, " + address} }
	for i := range attemptsPerAccount {
		if a := b.post("/signin", signInForm("ann", "wrong"), from("192.0.2."+string(rune('1'+i%9)))...); a.status != http.StatusUnauthorized {
			t.Fatalf("attempt %d: %d", i+1, a.status)
		}
	}
	a := b.post("/signin", signInForm("ann", testPassword), from("198.51.100.1")...)
	if a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" || b.cookie() != "" {
		t.Fatalf("an account after %d wrong passwords: %d, want 429 even for the right one", attemptsPerAccount, a.status)
	}
	if a := b.post("/signin", signInForm("bob", testPassword), from("198.51.100.1")...); a.status != http.StatusSeeOther {
		t.Errorf("another account: %d", a.status)
	}
	x.pass(2 * accountEvery)
	if a := b.post("/signin", signInForm("ann", testPassword), from("198.51.100.1")...); a.status != http.StatusSeeOther {
		t.Errorf("after a while: %d", a.status)
	}
	for i := range attemptsPerAddress {
		b.post("/signin", signInForm("nobody"+string(rune('a'+i)), "wrong"), from("203.0.113.7")...)
	}
	if a := b.post("/signin", signInForm("bob", testPassword), from("203.0.113.7")...); a.status != http.StatusTooManyRequests {
		t.Errorf("an address after %d wrong names: %d, want 429", attemptsPerAddress, a.status)
	}
}

func TestFirstAccount(t *testing.T) {
	x := newSite(t, nil)
	path, err := x.server.SetupLink(t.Context())
	if err != nil || !strings.HasPrefix(path, "/setup?token=") {
		t.Fatal(path, err)
	}
	b := x.browser()
	if a := b.get("/signin"); !strings.Contains(a.body, "no account yet") {
		t.Error("the sign-in does not say that there is no account")
	}
	for name, bad := range map[string]string{"no token": "/setup", "a forged token": path[:len(path)-3] + "AAA", "a token for signing in": mustLink(t, x, "ann")} {
		if a := b.get(strings.Replace(bad, "/signin/link", "/setup", 1)); a.status != http.StatusForbidden {
			t.Errorf("%s: %d, want 403", name, a.status)
		}
	}
	if a := b.get(path); a.status != http.StatusOK {
		t.Fatalf("the link: %d", a.status)
	}
	u, err := url.Parse(path)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"token": u.Query()["token"], "name": {"ann"}, "password": {"short"}}
	if a := b.post("/setup", form); a.status != http.StatusBadRequest || !strings.Contains(a.body, "12") {
		t.Errorf("a short password: %d", a.status)
	}
	form.Set("password", testPassword)
	if a := b.post("/setup", form); a.status != http.StatusSeeOther || a.location() != "/start" || b.get("/").status != http.StatusOK {
		t.Fatalf("set up: %d %s", a.status, a.location())
	}
	ann, err := x.store.Account(t.Context(), "ann")
	if err != nil || ann.Role != "admin" || !strings.HasPrefix(ann.Secret, "$argon2id$") {
		t.Errorf("the account: role %q, %v", ann.Role, err)
	}
	form.Set("name", "eve")
	if a := x.browser().post("/setup", form); a.status != http.StatusForbidden {
		t.Errorf("the link a second time: %d, want 403", a.status)
	}
	if path, err := x.server.SetupLink(t.Context()); err != nil || path != "" {
		t.Errorf("with an account there is still a set-up link (%v)", err)
	}
}

func mustLink(t *testing.T, x *site, account string) string {
	t.Helper()
	path, err := x.server.SignInLink(account)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOneTimeLink(t *testing.T) {
	x := newSite(t, nil)
	x.account("demo", Viewer)
	token := strings.TrimPrefix(mustLink(t, x, "demo"), "/signin/link?token=")
	form := url.Values{"token": {token}}
	if b := x.browser(); b.get("/signin/link?token="+token).status != http.StatusOK || b.cookie() != "" {
		t.Error("opening the link alone signs in, or fails")
	}
	if b := x.browser(); b.post("/signin/link", form).status != http.StatusSeeOther || b.get("/").status != http.StatusOK {
		t.Error("the link does not sign in")
	}
	if a := x.browser().post("/signin/link", form); a.status != http.StatusForbidden {
		t.Errorf("the link a second time: %d, want 403", a.status)
	}
	late := url.Values{"token": {strings.TrimPrefix(mustLink(t, x, "demo"), "/signin/link?token=")}}
	x.pass(linkLife)
	if a := x.browser().post("/signin/link", late); a.status != http.StatusForbidden {
		t.Errorf("an old link: %d, want 403", a.status)
	}
}

func TestOtherSitesCannotPost(t *testing.T) {
	x := newSite(t, nil)
	x.account("ann", Admin)
	n := 0
	for _, rt := range x.server.routes {
		method, path, _ := strings.Cut(rt.pattern, " ")
		if method == http.MethodGet {
			continue
		}
		n++
		for _, h := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
			a := x.signedIn("ann").do(method, samplePath(path), "application/x-www-form-urlencoded", "", h...)
			if a.status != http.StatusForbidden || !strings.Contains(a.body, "Another site sent this") {
				t.Errorf("%s with %v: %d, want 403", rt.pattern, h, a.status)
			}
		}
	}
	if n < 4 {
		t.Fatalf("saw %d routes that change something", n)
	}
}

func TestNextStaysHere(t *testing.T) {
	for next, want := range map[string]string{
		"/apps?x=1": "/apps?x=1", "": "/", "https://evil.example/": "/", "//evil.example": "/", `/\evil.example`: "/",
		"javascript:alert(1)": "/", "/a\r\nSet-Cookie: x": "/", "apps": "/", "/%2f/evil": "/%2f/evil",
	} {
		if got := safeNext(next); got != want {
			t.Errorf("next %q leads to %q, want %q", next, got, want)
		}
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	x := newSite(t, nil)
	for _, path := range []string{"/signin", "/nothing", "/api/v1/nothing", "/static/nothing.js"} {
		h := x.browser().get(path).header
		if h.Get("Content-Security-Policy") != contentPolicy || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "same-origin" {
			t.Errorf("%s: %v", path, h)
		}
	}
	for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "form-action 'self'", "base-uri 'none'"} {
		if !strings.Contains(contentPolicy, part) {
			t.Errorf("the policy lacks %s", part)
		}
	}
	if strings.Contains(contentPolicy, "unsafe") {
		t.Error("the policy allows something unsafe")
	}
}
