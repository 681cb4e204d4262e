package storetest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/store"
)

func sessionsEnd(t *testing.T, open Open) {
	s := openStore(t, open(t))
	defer s.Close()
	ctx, now := t.Context(), time.Now().UTC().Truncate(time.Microsecond)
	if err := s.PutAccount(ctx, store.Account{Name: "ann", Role: "viewer", Rights: []string{"sql", "names"}, Subject: "https://idp 17"}, "root"); err != nil {
		t.Fatal(err)
	}
	session := func(id string) store.Session {
		return store.Session{ID: id, Account: "ann", Address: "10.0.0.7", Created: now, Proved: now, Seen: now, Expires: now.Add(time.Hour)}
	}
	for _, id := range []string{"one", "two", "three"} {
		if err := s.AddSession(ctx, session(id), "", "password"); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.AddSession(ctx, session("four"), "one", "password"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Session(ctx, "one"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a session that was replaced: %v", err)
	}
	seen := now.Add(time.Minute)
	if err := s.SeeSession(ctx, "four", seen); err != nil {
		t.Fatal(err)
	}
	x, a, err := s.Session(ctx, "four")
	if err != nil || !x.Seen.Equal(seen) || !x.Expires.Equal(now.Add(time.Hour)) || a.Name != "ann" || !slices.Equal(a.Rights, []string{"sql", "names"}) {
		t.Errorf("session %+v of %+v, %v", x, a, err)
	}
	if b, err := s.AccountBySubject(ctx, "https://idp 17"); err != nil || b.Name != "ann" {
		t.Errorf("the account of a subject: %+v, %v", b, err)
	}
	if _, err := s.AccountBySubject(ctx, ""); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the account of no subject: %v", err)
	}
	if list, err := s.Sessions(ctx, now); err != nil || len(list) != 3 || list[0].ID != "four" {
		t.Errorf("sessions: %+v, %v; want three, four first", list, err)
	}
	if list, err := s.Sessions(ctx, now.Add(2*time.Hour)); err != nil || len(list) != 0 {
		t.Errorf("sessions that have run out: %+v, %v", list, err)
	}
	if err := s.EndSession(ctx, "two"); err != nil {
		t.Fatal(err)
	}
	if n, err := s.EndSessions(ctx, "ann", "four", "root"); err != nil || n != 1 {
		t.Errorf("ended %d sessions, %v; want 1", n, err)
	}
	if _, _, err := s.Session(ctx, "four"); err != nil {
		t.Errorf("the session that was to be kept: %v", err)
	}
	if err := s.Maintain(ctx, store.Retention{}, now.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Session(ctx, "four"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a session that has run out is kept: %v", err)
	}
	for action, want := range map[string]int{"session.begin": 4, "session.end": 1, "session.end_all": 1} {
		if lines, err := s.AuditTrail(ctx, store.AuditFilter{Action: action}); err != nil || len(lines) != want {
			t.Errorf("%s: %d lines, %v; want %d", action, len(lines), err, want)
		}
	}
}

func apiTokensLive(t *testing.T, open Open) {
	s := openStore(t, open(t))
	defer s.Close()
	ctx, now := t.Context(), time.Now().UTC().Truncate(time.Microsecond)
	for _, name := range []string{"ann", "bob"} {
		if err := s.PutAccount(ctx, store.Account{Name: name, Role: "viewer"}, "root"); err != nil {
			t.Fatal(err)
		}
		token := store.APIToken{ID: "t-" + name, Hash: "secret-hash-" + name, Name: "ci", Account: name, Scopes: []string{"view", "sql"}, Created: now, Expires: now.Add(time.Hour)}
		if err := s.AddAPIToken(ctx, token, name); err != nil {
			t.Fatal(err)
		}
		if err := s.AddAPIToken(ctx, token, name); err == nil {
			t.Error("one token was kept twice")
		}
	}
	if err := s.AddAPIToken(ctx, store.APIToken{ID: "x", Hash: "y", Account: "ann"}, "ann"); err == nil {
		t.Error("a token without an end was kept")
	}
	x, a, err := s.APITokenByHash(ctx, "secret-hash-ann")
	if err != nil || x.ID != "t-ann" || a.Name != "ann" || !x.Used.IsZero() || !slices.Equal(x.Scopes, []string{"view", "sql"}) {
		t.Errorf("token %+v of %s, %v", x, a.Name, err)
	}
	if err := s.UseAPIToken(ctx, "t-ann", now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if list, err := s.APITokens(ctx, "ann"); err != nil || len(list) != 1 || !list[0].Used.Equal(now.Add(time.Minute)) {
		t.Errorf("ann's tokens: %+v, %v", list, err)
	}
	if list, err := s.APITokens(ctx, ""); err != nil || len(list) != 2 {
		t.Errorf("all tokens: %+v, %v", list, err)
	}
	for _, no := range [][2]string{{"t-ann", "bob"}, {"", "ann"}, {"", ""}, {"t-eve", ""}} {
		if err := s.RevokeAPIToken(ctx, no[0], no[1], "bob"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("revoking %q of %q: %v, want ErrNotFound", no[0], no[1], err)
		}
	}
	if err := s.RevokeAPIToken(ctx, "t-ann", "", "root"); err != nil {
		t.Error(err)
	}
	if _, _, err := s.APITokenByHash(ctx, "secret-hash-ann"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a revoked token: %v", err)
	}
	lines, err := s.AuditTrail(ctx, store.AuditFilter{Limit: 100})
	if err != nil || len(lines) != 5 {
		t.Fatalf("%d lines in the audit trail, %v; want 5", len(lines), err)
	}
	for _, l := range lines {
		if strings.Contains(l.Before+l.After, "secret-hash") {
			t.Error("the audit trail holds the hash of a token")
		}
	}
}

func nodesTell(t *testing.T, open Open) {
	s := openStore(t, open(t))
	defer s.Close()
	ctx, now := t.Context(), time.Now().UTC().Truncate(time.Microsecond)
	n := store.Node{
		Outbox: "u1", Name: "gw1", Build: "1.0", Snapshot: "9c1f", Started: now.Add(-time.Hour), Seen: now.Add(-time.Minute), Used: 5, Last: 7,
		Sinks: []store.SinkLag{{Name: "splunk", Behind: 3, Complaint: "refused"}},
	}
	later := n
	later.Build, later.Seen = "1.1", now
	for _, x := range []store.Node{n, {Outbox: "u0", Name: "gw0", Started: now.AddDate(0, -2, 0), Seen: now.AddDate(0, -1, -5)}, later} {
		if err := s.SeeNode(ctx, x); err != nil {
			t.Fatal(err)
		}
	}
	list, err := s.Nodes(ctx, now.Add(-time.Hour))
	if err != nil || len(list) != 1 || list[0].Build != "1.1" || !list[0].Seen.Equal(now) || !slices.Equal(list[0].Sinks, n.Sinks) {
		t.Errorf("nodes of the last hour: %+v, %v", list, err)
	}
	if err := s.Maintain(ctx, store.Retention{}, now); err != nil {
		t.Fatal(err)
	}
	if list, err = s.Nodes(ctx, time.Unix(0, 0)); err != nil || len(list) != 1 || list[0].Name != "gw1" {
		t.Errorf("after a month of silence a node is kept: %+v, %v", list, err)
	}
}
