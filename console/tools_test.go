package console

import (
	"bufio"
	"context"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sluice-dlp/sluice/store"
)

func TestLive(t *testing.T) {
	x := newSite(t, nil)
	x.account("vera", Viewer)
	b := x.signedIn("vera")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", x.http.URL+"/api/v1/events/live?app=chatgpt", nil)
	if err != nil {
		t.Fatal(err)
	}
	x.record(request("alice", "chatgpt", "log")) // before: not told
	resp, err := b.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s, %s", resp.Status, resp.Header.Get("Content-Type"))
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	want := request("alice", "chatgpt", "block")
	sent := false
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, ": nothing new") && !sent {
			x.record(request("bob", "claude", "block"), want)
			sent = true
		}
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			continue
		}
		if !strings.Contains(data, want.ID) || strings.Contains(data, "alice") || strings.Contains(data, "10.1.2.3") {
			t.Errorf("told of another event, or of who it was: %s", data)
		}
		return
	}
	t.Fatalf("nothing was told: %v", lines.Err())
}

// TestLiveGoesOn comes back with the last event that was told: what came meanwhile follows.
func TestLiveGoesOn(t *testing.T) {
	x := newSite(t, nil)
	x.account("vera", Viewer)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	told, missed := request("alice", "chatgpt", "block"), request("bob", "claude", "block")
	x.record(told)
	x.record(missed)
	if told.ID >= missed.ID {
		t.Fatal("ids do not follow time")
	}
	r, err := http.NewRequestWithContext(ctx, "GET", x.http.URL+"/events/live?view=all", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Last-Event-ID", told.ID)
	resp, err := x.signedIn("vera").client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			if id != missed.ID {
				t.Errorf("told of %s, want %s", id, missed.ID)
			}
			return
		}
	}
	t.Fatalf("nothing was told: %v", lines.Err())
}

func TestLiveAnswersAreBounded(t *testing.T) {
	x := newSite(t, nil)
	x.account("vera", Viewer)
	x.server.live.open.Store(liveTails)
	if a := x.signedIn("vera").get("/api/v1/events/live"); a.status != http.StatusServiceUnavailable {
		t.Errorf("one live answer too many: %d, want 503", a.status)
	}
	if n := x.server.live.open.Load(); n != liveTails {
		t.Errorf("%d places are taken, want %d", n, liveTails)
	}
}

func TestExplorerQuestions(t *testing.T) {
	x := newSite(t, nil)
	x.account("sam", Viewer, "sql", "names")
	x.account("tom", Viewer, "sql")
	b := x.signedIn("sam")
	x.record(request("alice", "chatgpt", "block"), request("bob", "claude", "log"))
	x.rollUp()
	ask := func(sql string) string { return "/explorer?sql=" + url.QueryEscape(sql) }
	for name, c := range map[string]struct {
		path string
		want []string
	}{
		"rows link to what they are about": {ask("SELECT app, user_name, id FROM events WHERE action = 'block'"), []string{`href="/apps/chatgpt"`, `href="/people/alice"`, `href="/events/`, "1 row"}},
		"no rows":                          {ask("SELECT app FROM events WHERE app = 'x'"), []string{"No rows"}},
		"a write":                          {ask("UPDATE events SET app = 'x'"), []string{`role="alert"`}},
		"another table":                    {ask("SELECT secret FROM account"), []string{`role="alert"`}},
		"a person's trace":                 {"/explorer?ask=user-trace&user=alice", []string{"Trace a person", "chatgpt", "1 row"}},
		"an unknown investigation":         {"/explorer?ask=nonsense", []string{"SELECT"}},
	} {
		a := b.get(c.path)
		for _, want := range c.want {
			if a.status != http.StatusOK || !strings.Contains(a.body, want) {
				t.Errorf("%s: %d, lacks %q", name, a.status, want)
			}
		}
	}
	hidden := x.signedIn("tom")
	ids, err := x.store.PersonIDs(t.Context(), []string{"alice"})
	if err != nil {
		t.Fatal(err)
	}
	number := "~" + strconv.FormatInt(ids["alice"], 10)
	for _, path := range []string{ask("SELECT user_name, ip, device FROM events"), "/explorer?ask=user-trace&user=" + number, "/explorer.csv?sql=" + url.QueryEscape("SELECT user_name FROM usage")} {
		a := hidden.get(path)
		if a.status != http.StatusOK || !strings.Contains(a.body, number) || strings.Contains(a.body, "alice") {
			t.Errorf("%s without the right to names: %d, names somebody or does not show %s", path, a.status, number)
		}
	}
	if a := hidden.get("/explorer?ask=user-trace&user=alice"); !strings.Contains(a.body, "No rows") {
		t.Error("without the right to names, a guessed name finds somebody")
	}
	before := x.audited("explorer.ask")
	a := b.get(ask("SELECT app FROM events"), "Sec-Fetch-Site", "cross-site")
	if !strings.Contains(a.body, "Another site led here") || x.audited("explorer.ask") != before {
		t.Error("a question that another site leads to was asked in the visitor's name")
	}
	if lines, err := x.store.AuditTrail(t.Context(), store.AuditFilter{Action: "explorer.ask", Actor: "sam"}); err != nil || len(lines) != before-4 || before == 4 {
		t.Errorf("%d questions in the audit trail: %v", len(lines), err)
	}
}

// Seeing names leaves a line, as numbers, once an hour.
func TestNamesShownAreAudited(t *testing.T) {
	x := newSite(t, nil)
	x.account("nora", Viewer, "names")
	x.account("vera", Viewer)
	x.record(request("alice", "chatgpt", "block"), request("bob", "claude", "log"))
	x.rollUp()
	nora, vera := x.signedIn("nora"), x.signedIn("vera")
	for _, path := range []string{"/api/v1/events", "/events?view=all"} {
		if a := nora.get(path); a.status != http.StatusOK || !strings.Contains(a.body, "alice") {
			t.Errorf("%s with the right to names: %d, lacks the name", path, a.status)
		}
		if a := vera.get(path); a.status != http.StatusOK || strings.Contains(a.body, "alice") {
			t.Errorf("%s without it: %d, or has the name", path, a.status)
		}
	}
	ids, err := x.store.PersonIDs(t.Context(), []string{"alice", "bob"})
	if err != nil {
		t.Fatal(err)
	}
	lines, err := x.store.AuditTrail(t.Context(), store.AuditFilter{Action: "person.names"})
	if err != nil || len(lines) != 1 || lines[0].Actor != "nora" {
		t.Fatalf("%d lines, %v; want one of nora's", len(lines), err)
	}
	for name, id := range ids {
		if !strings.Contains(lines[0].After, `"~`+strconv.FormatInt(id, 10)+`"`) || strings.Contains(lines[0].After, name) {
			t.Errorf("the line is %s, want the number of %s alone", lines[0].After, name)
		}
	}
	seen := []string{"alice", "bob"}
	if f := x.server.named.fresh("nora", seen, x.server.now().Add(2*time.Hour)); len(f) != 2 {
		t.Errorf("two hours later %d names are new, want 2", len(f))
	}
	if f := x.server.named.fresh("vera", seen, x.server.now()); len(f) != 2 {
		t.Errorf("to somebody else %d names are new, want 2", len(f))
	}
}

func TestTimeCharts(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		table store.Table
		want  string // of the chart; "" is none
	}{
		"times and a number":     {store.Table{Columns: []string{"ts", "n"}, Rows: [][]any{{at, int64(3)}, {at.Add(3 * time.Hour), int64(4)}}}, "n over ts"},
		"microseconds of SQLite": {store.Table{Columns: []string{"ts"}, Rows: [][]any{{at.UnixMicro()}, {at.Add(time.Hour).UnixMicro()}}}, "Rows over ts"},
		"hours since 1970":       {store.Table{Columns: []string{"hour", "n"}, Rows: [][]any{{at.Unix() / 3600, 1.5}, {at.Unix()/3600 + 4, 2.5}}}, "n over hour"},
		"text that is a time":    {store.Table{Columns: []string{"time"}, Rows: [][]any{{"2026-11-23T09:00:00.000Z"}, {"2026-11-23T12:00:00.000Z"}}}, "Rows over time"},
		"no times":               {store.Table{Columns: []string{"app", "n"}, Rows: [][]any{{"chatgpt", int64(3)}}}, ""},
		"one time":               {store.Table{Columns: []string{"ts"}, Rows: [][]any{{at}}}, ""},
		"no rows":                {store.Table{Columns: []string{"ts"}}, ""},
		"missing values":         {store.Table{Columns: []string{"ts", "n"}, Rows: [][]any{{at, int64(1)}, {nil, nil}, {at.Add(50 * 24 * time.Hour), nil}}}, "n over ts"},
	} {
		got := string(timeChart(c.table))
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %.200q, want %q in it", name, got, c.want)
		}
	}
}

func TestAccountsAreChangedByAdministrators(t *testing.T) {
	x := newSite(t, nil)
	x.person("ann", Admin)
	b := x.signedIn("ann")
	post := func(path string, pairs ...string) answer {
		form := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			form.Add(pairs[i], pairs[i+1])
		}
		return b.post("/settings"+path, form)
	}
	if a := post("/accounts", "name", "bob", "role", "reviewer", "right", "sql", "password", testPassword); a.status != http.StatusSeeOther {
		t.Fatalf("make bob: %d %s", a.status, a.body)
	}
	for name, a := range map[string]answer{
		"a name that is taken":   post("/accounts", "name", "bob", "role", "viewer", "password", testPassword),
		"a role that is none":    post("/accounts", "name", "eve", "role", "root", "password", testPassword),
		"a right that is a role": post("/accounts", "name", "eve", "role", "viewer", "right", "admin", "password", testPassword),
		"a short password":       post("/accounts", "name", "eve", "role", "viewer", "password", "short"),
		"the last administrator": post("/accounts/ann", "role", "viewer"),
		"… disabled":             post("/accounts/ann", "role", "admin", "disabled", "1"),
	} {
		if a.status != http.StatusBadRequest {
			t.Errorf("%s: %d, want 400", name, a.status)
		}
	}
	bob := x.browser()
	if a := bob.post("/signin", signInForm("bob", testPassword)); a.status != http.StatusSeeOther {
		t.Fatalf("bob signs in: %d", a.status)
	}
	post("/accounts/bob", "role", "viewer", "right", "names")
	if a := bob.get("/audit"); a.status != http.StatusForbidden {
		t.Errorf("bob lost his role, but not at once: %d", a.status)
	}
	post("/accounts/bob", "role", "viewer", "password", "another long password")
	if a := bob.get("/"); a.status != http.StatusSeeOther {
		t.Errorf("a new password, and the old session holds: %d", a.status)
	}
	if a := bob.post("/signin", signInForm("bob", "another long password")); a.status != http.StatusSeeOther {
		t.Errorf("bob's new password: %d", a.status)
	}
	if a := bob.post("/settings/password", url.Values{"password": {"bob's own long password"}}); a.status != http.StatusSeeOther || bob.get("/").status != http.StatusOK {
		t.Errorf("bob changes it himself: %d", a.status)
	}
	x.pass(11 * time.Minute)
	a := post("/accounts/bob", "role", "admin")
	if a.status != http.StatusSeeOther || !strings.Contains(a.location(), "again=1") {
		t.Fatalf("without a fresh sign-in: %d %s", a.status, a.location())
	}
	if a := b.post("/signin", url.Values{"again": {"1"}, "name": {"bob"}, "password": {testPassword}}); a.status != http.StatusSeeOther {
		t.Errorf("ann confirms: %d", a.status)
	}
	if a := post("/accounts/bob", "role", "reviewer", "disabled", "1"); a.status != http.StatusSeeOther || bob.get("/").status != http.StatusSeeOther {
		t.Errorf("disable bob: %d", a.status)
	}
	if n := x.audited("account.put"); n != 6 {
		t.Errorf("%d changes of accounts in the audit trail, want 6", n)
	}
}

func TestFirstRunPage(t *testing.T) {
	for name, c := range map[string]struct {
		contact Contact
		want    string
	}{
		"no proxy yet":          {Contact{}, "not yet"},
		"one that knows us":     {Contact{Options: 2}, "has asked for its options 2 times"},
		"one that talks":        {Contact{Last: time.Now(), Address: "10.0.0.5", Requests: 3}, "from 10.0.0.5"},
		"one that has gone off": {Contact{Last: time.Now().Add(-time.Hour), Address: "10.0.0.5", Requests: 3}, "not lately"},
	} {
		x := newSite(t, func(o *Options) { o.Prober = fakeProber{c.contact} })
		x.account("vera", Viewer)
		b := x.signedIn("vera")
		a := b.get("/start")
		if a.status != http.StatusOK || !strings.Contains(a.body, c.want) || !strings.Contains(a.body, "icap://127.0.0.1:1344/reqmod") {
			t.Errorf("%s: %d, lacks %q", name, a.status, c.want)
		}
		if a = b.post("/start/probe", nil); a.status != http.StatusSeeOther || !strings.HasPrefix(a.location(), "/start?") {
			t.Errorf("%s: a test prompt: %d %s", name, a.status, a.location())
		}
	}
	for listen, want := range map[string]string{"0.0.0.0:1344": "sluice.example:1344", "[::]:1344": "sluice.example:1344", "10.0.0.9:1344": "10.0.0.9:1344"} {
		if got, _ := proxyAddress(listen, "sluice.example:8080"); got != want {
			t.Errorf("a proxy reaches %s at %s, want %s", listen, got, want)
		}
	}
}

// TestThePlaygroundPassesOverCopies mounts profiles as Kubernetes does.
func TestThePlaygroundPassesOverCopies(t *testing.T) {
	file := &fstest.MapFile{Data: []byte("detectors: [{id: badge, patterns: [{re: 'B-\\d{6}'}]}]\n")}
	x := newSite(t, func(o *Options) {
		o.Profiles = func() ([]fs.FS, error) {
			return []fs.FS{fstest.MapFS{"badge.yaml": file, "..2026_11_28/badge.yaml": file}}, nil
		}
	})
	files, _, err := x.server.playSources()
	if err != nil || len(files) != 1 || files["badge.yaml"] == nil {
		t.Errorf("%d files, %v; want badge.yaml alone", len(files), err)
	}
}
