package storetest

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/policy"
	"github.com/sluice-dlp/sluice/store"
)

func exceptionsLive(t *testing.T, open Open) {
	s := openStore(t, open(t))
	defer s.Close()
	ctx, now := t.Context(), time.Now().UTC().Truncate(time.Microsecond)
	add := func(x store.Exception) store.Exception {
		t.Helper()
		kept, err := s.AddException(ctx, x)
		if err != nil {
			t.Fatal(err)
		}
		return kept
	}
	active := add(store.Exception{User: "alice", App: "chatgpt", Subject: "pci", Justification: "refund", State: store.ExceptionActive, Expires: now.Add(time.Hour)})
	pending := add(store.Exception{User: "alice", App: "chatgpt", Subject: "gap:too_large", State: store.ExceptionPending, Expires: now.Add(time.Hour)})
	byIP := add(store.Exception{IP: "10.0.0.9", App: "claude", Subject: "app", State: store.ExceptionActive, Expires: now.Add(time.Hour)})
	add(store.Exception{User: "bob", App: "chatgpt", Subject: "pci", State: store.ExceptionActive, Created: now.Add(-48 * time.Hour), Expires: now.Add(-24 * time.Hour)})
	set := func() *store.ExceptionSet {
		t.Helper()
		list, err := s.ActiveExceptions(ctx, now)
		if err != nil {
			t.Fatal(err)
		}
		return store.NewExceptionSet(list)
	}
	asked := func(why string, want, got map[string]string) {
		t.Helper()
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", why, diff)
		}
	}
	x := set()
	asked("an active one is valid", map[string]string{"pci": active.ID}, x.Excepted("alice", "10.0.0.1", "chatgpt", now))
	asked("a person without a name is the address", map[string]string{"app": byIP.ID}, x.Excepted("", "10.0.0.9", "claude", now))
	asked("an address is nobody's who has a name", nil, x.Excepted("carol", "10.0.0.9", "claude", now))
	asked("it is for one app", nil, x.Excepted("alice", "", "claude", now))
	asked("it runs out", nil, x.Excepted("alice", "", "chatgpt", now.Add(2*time.Hour)))
	asked("bob's has run out", nil, x.Excepted("bob", "", "chatgpt", now))
	if err := s.DecideException(ctx, pending.ID, true, "rev", "fine"); err != nil {
		t.Fatal(err)
	}
	approved, err := s.Exception(ctx, pending.ID)
	if err != nil || !approved.Expires.After(pending.Expires) || approved.Expires.Sub(approved.DecidedAt) != pending.Expires.Sub(pending.Created) {
		t.Errorf("approved until %s at %s, want the time that was asked for from then: %v", approved.Expires, approved.DecidedAt, err)
	}
	asked("an approved one is valid", map[string]string{"pci": active.ID, "gap:too_large": pending.ID}, set().Excepted("alice", "", "chatgpt", now))
	if err := s.DecideException(ctx, pending.ID, true, "rev", ""); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("approved twice: %v, want ErrNotFound", err)
	}
	if err := s.RevokeException(ctx, active.ID, "rev", "no longer"); err != nil {
		t.Fatal(err)
	}
	asked("a revoked one is not", map[string]string{"gap:too_large": pending.ID}, set().Excepted("alice", "", "chatgpt", now))
	list, err := s.Exceptions(ctx, store.ExceptionFilter{User: "alice", State: store.ExceptionRevoked})
	if err != nil || len(list) != 1 || list[0].ID != active.ID || list[0].DecidedBy != "rev" || list[0].Note != "no longer" {
		t.Errorf("alice's revoked exceptions: %+v %v", list, err)
	}
	for why, bad := range map[string]store.Exception{
		"it is for nobody": {App: "a", Subject: "app", State: store.ExceptionActive},
		"no app":           {User: "a", Subject: "app", State: store.ExceptionActive},
		"want active":      {User: "a", App: "a", Subject: "app", State: store.ExceptionRevoked},
	} {
		if _, err := s.AddException(ctx, bad); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%+v: %v, want %q", bad, err, why)
		}
	}
}

func tokensOnce(t *testing.T, open Open) {
	s := openStore(t, open(t))
	defer s.Close()
	ctx, expires := t.Context(), time.Now().Add(15*time.Minute)
	want := []store.Exception{
		{User: "alice", App: "chatgpt", Subject: "pci", Justification: "refund", State: store.ExceptionActive, Expires: expires},
		{User: "alice", App: "chatgpt", Subject: "gap:too_large", Justification: "refund", State: store.ExceptionActive, Expires: expires},
	}
	if _, err := s.Redeem(ctx, "token", expires, []store.Exception{want[0], {App: "chatgpt"}}); err == nil {
		t.Fatal("an exception for nobody was kept")
	}
	if used, err := s.TokenUsed(ctx, "token"); used || err != nil {
		t.Fatalf("a token that brought nothing counts as used: %v", err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	firsts := 0
	for range 8 {
		wg.Go(func() {
			got, err := s.Redeem(ctx, "token", expires, want)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && len(got) == 2 && got[0].ID != got[1].ID:
				firsts++
			case !errors.Is(err, store.ErrTokenUsed):
				t.Errorf("redeemed as %+v, %v; want ErrTokenUsed", got, err)
			}
		})
	}
	wg.Wait()
	if firsts != 1 {
		t.Fatalf("a single-use token was used %d times", firsts)
	}
	if used, err := s.TokenUsed(ctx, "token"); !used || err != nil {
		t.Errorf("the token does not count as used: %v", err)
	}
	list, err := s.ActiveExceptions(ctx, time.Now())
	if err != nil || len(list) != len(want) {
		t.Fatalf("%d exceptions are active, want %d: %v", len(list), len(want), err)
	}
	one, err := s.Exception(ctx, list[0].ID)
	if err != nil || one != list[0] {
		t.Errorf("read back as %+v, want %+v: %v", one, list[0], err)
	}
	if _, err := s.Exception(ctx, "none"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an unknown exception: %v, want ErrNotFound", err)
	}
}

func claimsOnce(t *testing.T, open Open) {
	s := openStore(t, open(t))
	defer s.Close()
	for _, c := range []struct {
		why, id string
		until   time.Time
		want    bool
	}{
		{"the first has it", "a", time.Now().Add(-time.Second), true},
		{"one whose time is over is free", "a", time.Now().Add(time.Hour), true},
		{"one that is held is not", "a", time.Now().Add(2 * time.Hour), false},
		{"another is", "b", time.Now().Add(time.Hour), true},
	} {
		if got, err := s.Claim(t.Context(), c.id, c.until); got != c.want || err != nil {
			t.Errorf("%s: %v, %v", c.why, got, err)
		}
	}
}

func reviewsTriage(t *testing.T, open Open) {
	w := newWorld(8, yesterday(), time.Second)
	list := w.events(200)
	var matched []*event.Event
	for _, e := range list {
		if len(e.Matches) == 1 && e.Matches[0].Detector == "credit_card" {
			matched = append(matched, e)
		}
	}
	if len(matched) < 5 {
		t.Fatalf("only %d events to review", len(matched))
	}
	s := fill(t, open(t), list)
	ctx := t.Context()
	states := []store.ReviewState{store.ReviewConfirmed, store.ReviewFalsePositive, store.ReviewAccepted, store.ReviewConfirmed, store.ReviewInProgress}
	for i, state := range states {
		r := store.Review{Event: matched[i].ID, State: store.ReviewInProgress, Assignee: "ann", By: "ann"}
		if err := s.SetReview(ctx, r); err != nil {
			t.Fatal(err)
		}
		r.State, r.Note = state, "looked"
		if err := s.SetReview(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	p := store.Period{From: yesterday().Add(-2 * time.Hour), To: time.Now()}
	got, err := s.Precisions(ctx, p)
	check(t, err, []store.Precision{{Detector: "credit_card", Confirmed: 2, Accepted: 1, FalsePositive: 1, Precision: 0.75}}, got)
	page, err := s.Events(ctx, store.Filter{Review: store.ReviewFalsePositive})
	if err != nil || len(page) != 1 || page[0].ID != matched[1].ID {
		t.Errorf("events that are false positives: %d %v", len(page), err)
	}
	fresh, err := s.Events(ctx, store.Filter{Review: store.ReviewNew, Matched: true, Limit: 1000})
	want := newestFirst(t, list, func(e *event.Event) bool {
		return len(e.Matches) > 0 && e.ID != matched[0].ID && e.ID != matched[1].ID && e.ID != matched[2].ID && e.ID != matched[3].ID && e.ID != matched[4].ID
	})
	check(t, err, want, fresh)
	found, err := s.Reviews(ctx, []string{matched[0].ID, matched[4].ID, list[0].ID, "nonsense"})
	if err != nil || found[matched[0].ID].State != store.ReviewConfirmed || found[matched[4].ID].State != store.ReviewInProgress {
		t.Errorf("reviews: %+v %v", found, err)
	}
	if err := s.SetReview(ctx, store.Review{Event: event.NewID(time.Now()), State: store.ReviewNew}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("review of an unknown event: %v, want ErrNotFound", err)
	}
	if err := s.SetReview(ctx, store.Review{Event: matched[0].ID, State: "ok"}); err == nil || !strings.Contains(err.Error(), `no state "ok"`) {
		t.Errorf("review with an unknown state: %v", err)
	}
}

func auditIsWhole(t *testing.T, open Open) {
	o := open(t)
	s := openStore(t, o)
	defer s.Close()
	ctx := t.Context()
	var wg sync.WaitGroup
	const writers, each = 4, 10
	for range writers {
		wg.Go(func() {
			for range each {
				if err := s.Audit(ctx, store.AuditLine{Actor: "ann", Action: "event.reveal", Target: "0193", After: `{"why":"case 7"}`}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := s.SetStatus(ctx, store.AppStatus{App: "chatgpt", Status: policy.Approved, By: "ann"}); err != nil {
		t.Fatal(err)
	}
	if err := s.PutAccount(ctx, store.Account{Name: "ann", Role: "admin", Secret: "hash-of-ann"}, "root"); err != nil {
		t.Fatal(err)
	}
	n, err := s.VerifyAudit(ctx)
	if err != nil || n != writers*each+2 {
		t.Fatalf("audit trail: %d lines, %v; want %d", n, err, writers*each+2)
	}
	list, err := s.AuditTrail(ctx, store.AuditFilter{Action: "app.status"})
	if err != nil || len(list) != 1 || list[0].Target != "chatgpt" || list[0].Actor != "ann" {
		t.Errorf("audit of the status: %+v %v", list, err)
	}
	all, err := s.AuditTrail(ctx, store.AuditFilter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		if strings.Contains(l.Before+l.After, "hash-of-ann") {
			t.Error("the audit trail holds an account's secret")
		}
	}
	for _, text := range []string{`UPDATE audit SET actor = 'x'`, `DELETE FROM audit WHERE seq = 3`} {
		if err := exec(t, o, s, text); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v, want a refusal", text, err)
		}
	}
	// Somebody with the database's password takes the guard away.
	tamper := []string{`DROP TRIGGER audit_append_only ON audit`, `UPDATE audit SET actor = 'bob' WHERE seq = 5`}
	if o.URL == "" {
		tamper[0] = `DROP TRIGGER audit_no_update`
	}
	for _, text := range tamper {
		if err := exec(t, o, s, text); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.VerifyAudit(ctx); !errors.Is(err, store.ErrAudit) || !strings.Contains(err.Error(), "line 5") {
		t.Errorf("a changed line: %v, want ErrAudit at line 5", err)
	}
}

func accountsAreKept(t *testing.T, open Open) {
	s := openStore(t, open(t))
	defer s.Close()
	ctx := t.Context()
	for _, a := range []store.Account{{Name: "bob", Role: "viewer"}, {Name: "ann", Role: "admin", Secret: "h1"}, {Name: "ann", Role: "admin", Secret: "h2", Disabled: true}} {
		if err := s.PutAccount(ctx, a, "root"); err != nil {
			t.Fatal(err)
		}
	}
	a, err := s.Account(ctx, "ann")
	if err != nil || a.Secret != "h2" || !a.Disabled || a.Changed.Before(a.Created) {
		t.Errorf("ann: %+v %v", a, err)
	}
	list, err := s.Accounts(ctx)
	if err != nil || len(list) != 2 || list[0].Name != "ann" || list[1].Name != "bob" {
		t.Errorf("accounts: %+v %v", list, err)
	}
	if _, err := s.Account(ctx, "eve"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an unknown account: %v, want ErrNotFound", err)
	}
	if err := s.PutAccount(ctx, store.Account{Name: "x"}, "root"); err == nil {
		t.Error("an account without a role was kept")
	}
}
