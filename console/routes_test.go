package console

import (
	"cmp"
	"flag"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite testdata/*.golden")

// samplePath fills the wildcards of a pattern's path.
func samplePath(path string) string {
	path = strings.Replace(strings.TrimSuffix(path, "{$}"), "people/{", "people/~1{", 1) // people are asked for by number
	path = strings.Replace(path, "~1{id}", "~1", 1)
	path = strings.Replace(path, "~1{person}", "~1", 1)
	return regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(path, "0193e5a0-7c1f-7b3e-9a55-2f6d1c0b8e44")
}

// TestRoutesAreReviewed holds who may do what against a file: a route that is new, or that
// somebody else may use now, shows in its diff. -update writes it.
func TestRoutesAreReviewed(t *testing.T) {
	x := newSite(t, func(o *Options) {
		o.OIDC = OIDC{Issuer: "https://idp.example", ClientID: "sluice", Roles: map[Role][]string{Viewer: {"*"}}}
	})
	routes := slices.SortedFunc(slices.Values(x.server.routes), func(a, b route) int { return cmp.Compare(a.pattern, b.pattern) })
	var b strings.Builder
	for _, rt := range routes {
		line := rt.pattern + "\t" + cmp.Or(string(rt.right), "everybody")
		if rt.stepUp {
			line += " step-up"
		}
		if rt.person {
			line += " person"
		}
		b.WriteString(line + "\n")
	}
	const name = "testdata/routes.golden"
	if *update {
		if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("routes and rights changed: look at them, then run the test with -update\ngot:\n%s", b.String())
	}
}

// TestEveryRouteForEveryRole asks each route as everybody who may come.
func TestEveryRouteForEveryRole(t *testing.T) {
	x := newSite(t, nil)
	type who struct {
		name   string
		role   Role
		rights []string
	}
	people := []who{{"nobody", "", nil}, {"vera", Viewer, nil}, {"rob", Reviewer, nil}, {"ann", Admin, nil}, {"eva", Viewer, []string{"evidence", "sql", "names"}}, {"ada", Admin, []string{"evidence", "sql", "names"}}}
	may := map[string][]Right{
		"nobody": {}, "vera": {RightView}, "rob": {RightView, RightReview}, "ann": {RightView, RightReview, RightAdmin},
		"eva": {RightView, RightEvidence, RightSQL, RightNames}, "ada": {RightView, RightReview, RightAdmin, RightEvidence, RightSQL, RightNames},
	}
	for _, p := range people[1:] {
		x.account(p.name, p.role, p.rights...)
	}
	asked := 0
	for _, rt := range x.server.routes {
		method, path, _ := strings.Cut(rt.pattern, " ")
		if strings.HasSuffix(path, "/live") {
			continue // ends only with its reader: TestLive
		}
		for _, p := range people {
			// Whoever may, is first asked without a fresh sign-in.
			for _, stale := range []bool{true, false} {
				b := x.browser()
				if p.role != "" {
					b = x.signedIn(p.name)
				}
				if stale {
					x.pass(11 * time.Minute)
				}
				a := b.do(method, samplePath(path), "application/x-www-form-urlencoded", "")
				asked++
				if complaint := wrongAnswer(rt, may[p.name], p.role != "", stale, a); complaint != "" {
					t.Errorf("%s as %s (%s), sign-in of the last minutes: %t: %s", rt.pattern, p.name, p.role, !stale, complaint)
				}
			}
		}
	}
	if asked < 8*12 {
		t.Fatalf("asked %d times", asked)
	}
}

// wrongAnswer says what is wrong with an answer, or "".
func wrongAnswer(rt route, may []Right, signedIn, stale bool, a answer) string {
	toSignIn := a.status == http.StatusSeeOther && strings.HasPrefix(a.location(), "/signin?")
	again := toSignIn && strings.Contains(a.location(), "again=1")
	switch {
	case a.status >= 500 && a.status != http.StatusNotImplemented && a.status != http.StatusServiceUnavailable:
		return fmt.Sprintf("%d: %.200s", a.status, a.body)
	case rt.right == rightNone:
		return ""
	case !signedIn:
		if rt.api() && a.status == http.StatusUnauthorized || !rt.api() && toSignIn && !again {
			return ""
		}
		return fmt.Sprintf("%d, want to be sent to the sign-in", a.status)
	case !slices.Contains(may, rt.right):
		if a.status == http.StatusForbidden {
			return ""
		}
		return fmt.Sprintf("%d, want 403", a.status)
	case rt.stepUp && stale:
		if again || rt.api() && a.status == http.StatusForbidden {
			return ""
		}
		return fmt.Sprintf("%d, want a fresh sign-in", a.status)
	case a.status == http.StatusForbidden || a.status == http.StatusUnauthorized || toSignIn && !strings.Contains(rt.pattern, "/signout"):
		return fmt.Sprintf("%d %s, although the role allows it", a.status, a.location())
	}
	return ""
}

// A method that an address does not take is told apart from an address that is not there.
func TestOtherMethods(t *testing.T) {
	x := newSite(t, nil)
	x.account("ann", Admin)
	b := x.signedIn("ann")
	for request, want := range map[string]struct {
		status int
		allow  string
	}{
		"DELETE /api/v1/apps":                {http.StatusMethodNotAllowed, "GET, HEAD"},
		"POST /api/v1/apps/chatgpt/status":   {http.StatusMethodNotAllowed, "PUT"},
		"GET /api/v1/nothing/of/the/kind":    {http.StatusNotFound, ""},
		"DELETE /api/v1/nothing/of/the/kind": {http.StatusNotFound, ""},
		"DELETE /apps":                       {http.StatusMethodNotAllowed, "GET, HEAD"},
		"DELETE /static/console.css":         {http.StatusMethodNotAllowed, "GET, HEAD"},
		"DELETE /nothing":                    {http.StatusNotFound, ""},
	} {
		method, path, _ := strings.Cut(request, " ")
		a := b.do(method, path, "", "")
		if allow := a.header.Get("Allow"); a.status != want.status || allow != want.allow {
			t.Errorf("%s: %d, Allow %q; want %d, %q", request, a.status, allow, want.status, want.allow)
		}
	}
}
