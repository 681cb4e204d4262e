package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/policy"
	"github.com/sluice-dlp/sluice/store"
)

// hostileSite has an event of markup in every field, and all that people write beside it.
func hostileSite(t *testing.T) (*site, string) {
	t.Helper()
	x := newSite(t, func(o *Options) { o.Prober = fakeProber{Contact{Last: time.Now(), Address: markup}} })
	x.account("ada", Admin, "evidence", "sql", "names")
	e := request(markup, markup, "block")
	e.Groups, e.Node, e.Host, e.Path, e.Method = []string{markup}, markup, markup, "/"+markup, markup
	e.Source, e.Device = event.Source{IP: markup, Country: markup, Site: markup}, event.Device{ID: markup, Posture: markup}
	e.Account = event.Account{ID: markup, Plan: markup, Kind: markup}
	e.App = event.App{ID: markup, Name: markup, Category: markup, Status: "in_review", Source: "shape"}
	e.Files = []event.File{{Name: markup, Type: markup, Size: 1, Outcome: markup}}
	e.Gaps = []string{markup}
	m := &e.Matches[0]
	m.Detector, m.Profiles, m.Masked, m.Part, m.Role, m.Excerpt, m.Fingerprints = markup, []string{markup}, []string{markup}, markup, markup, markup, []string{markup}
	e.Decision.Rule, e.Decision.Reason, e.Decision.Profiles = markup, markup, []string{markup}
	x.record(e, request("bob", "chatgpt", "log"))
	x.rollUp()
	ctx := t.Context()
	review := store.Review{Event: e.ID, State: store.ReviewConfirmed, Assignee: markup, Note: markup, By: markup, At: time.Now()}
	exception := store.Exception{User: markup, App: markup, Subject: markup, Justification: markup, Event: e.ID, State: store.ExceptionPending, Created: time.Now(), Expires: time.Now().Add(time.Hour)}
	for _, err := range []error{
		x.store.SetReview(ctx, review),
		x.store.SetStatus(ctx, store.AppStatus{App: markup, Status: policy.InReview, Note: markup, By: markup}),
		x.store.Audit(ctx, store.AuditLine{Actor: markup, Action: markup, Target: markup, Before: markup, After: markup}),
		x.store.PutAccount(ctx, store.Account{Name: markup, Role: "viewer", Subject: markup}, markup),
		x.store.AddAPIToken(ctx, store.APIToken{ID: "t1", Hash: "h", Name: markup, Account: "ada", Scopes: []string{"view"}, Created: time.Now(), Expires: time.Now().Add(time.Hour)}, "ada"),
		x.store.SeeNode(ctx, store.Node{Outbox: "o", Name: markup, Build: markup, Snapshot: markup, Started: time.Now(), Seen: time.Now(), Sinks: []store.SinkLag{{Name: markup, Behind: 1, Complaint: markup}}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := x.store.AddException(ctx, exception); err != nil {
		t.Fatal(err)
	}
	return x, e.ID
}

// alive finds what would run or break out: the tags of the markup, unescaped, in markup.
var alive = regexp.MustCompile(`(?i)<script>alert|<img src=x|onerror=alert\(2\)[^&]*>`)

func TestMarkupOfStrangersStaysText(t *testing.T) {
	x, id := hostileSite(t)
	b := x.signedIn("ada")
	shown := 0
	q := url.QueryEscape(markup)
	paths := []string{
		"/events/" + id, "/people/" + url.PathEscape(markup), "/apps/" + url.PathEscape(markup), "/events?view=all&q=" + q, "/events?view=all&user=" + q, "/audit?actor=" + q,
		"/explorer?sql=" + url.QueryEscape("SELECT * FROM events"), "/explorer?sql=" + q, "/explorer?ask=user-trace&user=" + q, "/start?took=" + q + "&event=" + q + "&status=" + q,
		"/signin?next=" + q, "/signin?again=1&next=" + q, "/apps?q=" + q, "/?group=" + q, "/report?group=" + q, "/events?view=all&group=" + q, "/people?q=" + q,
	}
	for _, rt := range x.server.routes {
		method, path, _ := strings.Cut(rt.pattern, " ")
		if method == http.MethodGet && !strings.Contains(path, "{") && !strings.HasSuffix(path, "/live") && !strings.HasPrefix(path, apiPrefix) {
			paths = append(paths, path)
		}
	}
	for _, path := range append(paths, "/") {
		a := b.get(path)
		if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			continue
		}
		if a.status >= 500 {
			t.Errorf("%s: %d", path, a.status)
		}
		if found := alive.FindString(a.body); found != "" {
			i := strings.Index(a.body, found)
			t.Errorf("%s holds markup that is alive: …%.120s…", path, a.body[max(0, i-60):])
		}
		if strings.Contains(a.body, "alert(1)") {
			shown++
		}
	}
	if shown < 8 {
		t.Fatalf("only %d pages showed the strangers' text: the test looks in the wrong place", shown)
	}
}

func TestFilesAndJSONCannotBeTakenForPages(t *testing.T) {
	x, id := hostileSite(t)
	b := x.signedIn("ada")
	for _, path := range []string{"/events.csv?view=all", "/events.ndjson?view=all", "/apps.csv", "/explorer.csv?sql=SELECT+user_name+FROM+events", "/api/v1/events", "/api/v1/events/" + id, "/api/v1/audit", "/api/v1/nothing" + url.PathEscape(markup)} {
		a := b.get(path)
		if kind := a.header.Get("Content-Type"); strings.Contains(kind, "html") || kind == "" || a.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: type %q", path, kind)
		}
	}
	formula := request("=HYPERLINK(\"http://evil\")", "chatgpt", "log")
	y := newSite(t, nil)
	y.account("ada", Admin, "sql", "names")
	y.record(formula)
	for _, path := range []string{"/events.csv?view=all", "/explorer.csv?sql=SELECT+user_name+FROM+events"} {
		if body := y.signedIn("ada").get(path).body; !strings.Contains(body, "'=HYPERLINK") || strings.Contains(body, ",=HYPERLINK") || strings.Contains(body, "\n=HYPERLINK") {
			t.Errorf("%s holds a formula", path)
		}
	}
}

// TestOthersThings asks for what belongs to somebody else, by its id.
func TestOthersThings(t *testing.T) {
	x := newSite(t, nil)
	for name, role := range map[string]Role{"ann": Admin, "rob": Reviewer, "vera": Viewer} {
		x.account(name, role)
	}
	ctx := t.Context()
	if err := x.store.AddAPIToken(ctx, store.APIToken{ID: "anns", Hash: "h", Name: "n", Account: "ann", Scopes: []string{"view"}, Created: time.Now(), Expires: time.Now().Add(time.Hour)}, "ann"); err != nil {
		t.Fatal(err)
	}
	view, err := x.store.AddSavedView(ctx, store.SavedView{Owner: "ann", Name: "mine", Query: "view=all"})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"rob", "vera"} {
		b := x.signedIn(name)
		if a := b.do("DELETE", "/api/v1/tokens/anns", "", ""); a.status != http.StatusNotFound {
			t.Errorf("%s revokes ann's token: %d", name, a.status)
		}
		if a := b.post("/settings/tokens/anns/revoke", nil); a.status != http.StatusNotFound {
			t.Errorf("%s revokes ann's token on the page: %d", name, a.status)
		}
		if a := b.get("/api/v1/tokens"); strings.Contains(a.body, "anns") {
			t.Errorf("%s sees ann's tokens", name)
		}
		if a := b.post("/events/views/"+view.ID+"/delete", nil); a.status != http.StatusNotFound {
			t.Errorf("%s deletes ann's view: %d", name, a.status)
		}
		if a := b.post("/settings/accounts/ann", url.Values{"role": {"viewer"}}); a.status != http.StatusForbidden {
			t.Errorf("%s changes ann's account: %d", name, a.status)
		}
	}
	tokens, err := x.store.APITokens(ctx, "ann")
	if err != nil || len(tokens) != 1 {
		t.Errorf("ann's tokens: %v, %v", tokens, err)
	}
}

func TestNamesAreHidden(t *testing.T) {
	x := newSite(t, nil)
	x.account("vera", Viewer)
	x.account("rita", Reviewer)
	x.account("nina", Viewer, "names")
	e := request("alice.secretname", "chatgpt", "block")
	x.record(e)
	x.rollUp()
	if _, err := x.store.AddException(t.Context(), store.Exception{User: "alice.secretname", App: "chatgpt", Subject: "pci", Justification: "x", State: store.ExceptionPending, Created: time.Now(), Expires: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	paths := []string{
		"/api/v1/events", "/api/v1/events/" + e.ID, "/api/v1/people", "/api/v1/reports/breakdown?by=users", "/api/v1/exceptions", "/api/v1/events/export", "/api/v1/events/export?format=csv",
		"/events.csv?view=all", "/events.ndjson?view=all", "/events?view=all", "/events/" + e.ID, "/people", "/exceptions?state=pending", "/", "/start",
	}
	hidden := x.signedIn("rita")
	for _, path := range append(paths, "/api/v1/audit", "/audit") {
		a := hidden.get(path)
		for _, secret := range []string{"alice.secretname", "10.1.2.3", "L-alice", "acct-alice"} {
			if a.status != http.StatusOK || strings.Contains(a.body, secret) {
				t.Errorf("%s without the right names: %d, shows %s: %t", path, a.status, secret, strings.Contains(a.body, secret))
			}
		}
	}
	for _, path := range []string{"/api/v1/events?user=alice.secretname", "/api/v1/events?ip=10.1.2.3", "/api/v1/events?device=L-1", "/api/v1/people/alice.secretname/apps", "/api/v1/reports/breakdown?by=sources"} {
		if a := x.signedIn("vera").get(path); a.status != http.StatusForbidden {
			t.Errorf("%s lets guess a name: %d", path, a.status)
		}
	}
	if a := x.signedIn("vera").get("/api/v1/events?q=secretname"); strings.Contains(a.body, e.ID) {
		t.Error("a text filter lets guess a name")
	}
	shown := 0
	for _, path := range paths {
		if strings.Contains(x.signedIn("nina").get(path).body, "alice.secretname") {
			shown++
		}
	}
	if shown < 10 {
		t.Errorf("with the right names only %d pages show it", shown)
	}
}

func TestAPITokens(t *testing.T) {
	x := newSite(t, nil)
	x.account("rob", Reviewer, "sql")
	person := x.signedIn("rob")
	add := func(body string) answer { return person.do("POST", "/api/v1/tokens", "application/json", body) }
	for name, body := range map[string]string{
		"a right of somebody else": `{"name":"x","scopes":["admin"],"days":1}`, "no scope": `{"name":"x","scopes":[],"days":1}`,
		"no name": `{"name":"","scopes":["view"],"days":1}`, "for ever": `{"name":"x","scopes":["view"],"days":4000}`,
		"an unknown field": `{"name":"x","scopes":["view"],"days":1,"account":"ann"}`, "two values": `{"name":"x","scopes":["view"],"days":1} {}`,
	} {
		if a := add(body); a.status != http.StatusBadRequest {
			t.Errorf("%s: %d, want 400", name, a.status)
		}
	}
	if a := person.post("/api/v1/tokens", url.Values{"name": {"x"}}); a.status != http.StatusUnsupportedMediaType {
		t.Errorf("a form in place of JSON: %d, want 415", a.status)
	}
	var made struct{ ID, Token string }
	if err := json.Unmarshal([]byte(add(`{"name":"ci","scopes":["view","sql"],"days":2}`).body), &made); err != nil {
		t.Fatal(err)
	}
	script := x.browser()
	script.token = made.Token
	if a := script.get("/api/v1/me"); a.status != http.StatusOK || !strings.Contains(a.body, `"rights":["view","sql"]`) {
		t.Errorf("me: %d %s", a.status, a.body)
	}
	for path, want := range map[string]int{"/api/v1/events": 200, "/api/v1/investigations": 200, "/api/v1/audit": 403, "/api/v1/accounts": 403, "/events": 303, "/settings": 303} {
		if a := script.get(path); a.status != want {
			t.Errorf("%s with the token: %d, want %d", path, a.status, want)
		}
	}
	for path, method := range map[string]string{"/api/v1/tokens": "POST", "/api/v1/events/0193e5a0-7c1f-7b3e-9a55-2f6d1c0b8e44/payload": "GET"} {
		if a := script.do(method, path, "application/json", `{"name":"y","scopes":["view"],"days":1}`); a.status != http.StatusForbidden {
			t.Errorf("%s %s with a token: %d, want 403", method, path, a.status)
		}
	}
	tokens, err := x.store.APITokens(t.Context(), "rob")
	if err != nil || len(tokens) != 1 || tokens[0].Used.IsZero() || tokens[0].Hash == made.Token {
		t.Errorf("the token as it is kept: %+v, %v", tokens, err)
	}
	// What its account loses, the token loses.
	x.account("rob", Viewer)
	if a := script.get("/api/v1/investigations"); a.status != http.StatusForbidden {
		t.Errorf("after its account lost sql: %d", a.status)
	}
	x.pass(49 * time.Hour)
	if a := script.get("/api/v1/me"); a.status != http.StatusUnauthorized || a.header.Get("WWW-Authenticate") == "" {
		t.Errorf("after its end: %d", a.status)
	}
	script.token = "sluice_" + newSecret()
	if a := script.get("/api/v1/me"); a.status != http.StatusUnauthorized {
		t.Errorf("a made-up token: %d", a.status)
	}
	x.account("ann", Admin)
	script.token = made.Token
	if a := x.signedIn("ann").do("DELETE", "/api/v1/tokens/"+made.ID, "", ""); a.status != http.StatusNoContent {
		t.Errorf("an administrator revokes it: %d", a.status)
	}
	if !slices.Equal([]int{x.audited("token.add"), x.audited("token.revoke")}, []int{1, 1}) {
		t.Error("tokens are not in the audit trail")
	}
}

func TestLargeBodiesAreRefused(t *testing.T) {
	x := newSite(t, nil)
	x.account("vera", Viewer)
	b := x.signedIn("vera")
	if a := b.do("POST", "/api/v1/scan", "application/json", `{"text":"`+strings.Repeat("a", maxScan)+`"}`); a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("scan: %d, want 413", a.status)
	}
	if a := b.do("POST", "/api/v1/explain", "application/json", `{"har":"`+strings.Repeat("a", maxBody)+`"}`); a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("explain: %d, want 413", a.status)
	}
}
