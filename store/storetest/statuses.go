package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dlp/sluice/policy"
	"github.com/sluice-dlp/sluice/store"
)

func statusesAreKept(t *testing.T, open Open) {
	s := openStore(t, open(t))
	defer s.Close()
	at := time.Date(2026, 11, 23, 9, 12, 3, 123456000, time.UTC)
	first := store.AppStatus{App: "chatgpt", Status: policy.InReview, Note: "asked by sales", By: "mallory", At: at}
	second := store.AppStatus{App: "chatgpt", Status: policy.Approved, Note: "contract signed", By: "alice", At: at.Add(time.Hour)}
	other := store.AppStatus{App: "claude", Status: policy.Unapproved, At: at}
	for _, a := range []store.AppStatus{first, other, second} {
		if err := s.SetStatus(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	set, err := s.Statuses(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]store.AppStatus{"chatgpt": second, "claude": other}, set); diff != "" {
		t.Errorf("statuses differ (-set +read):\n%s", diff)
	}
	history, err := s.StatusHistory(t.Context(), "chatgpt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]store.AppStatus{second, first}, history); diff != "" {
		t.Errorf("history differs (-set +read):\n%s", diff)
	}
	for name, c := range map[string]struct {
		a   store.AppStatus
		why string
	}{
		"an unknown status": {store.AppStatus{App: "chatgpt", Status: "aproved"}, `no status "aproved"; want approved, in_review, unapproved or unreviewed`},
		"no app":            {store.AppStatus{Status: policy.Approved}, "no app"},
	} {
		if err := s.SetStatus(t.Context(), c.a); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v, want %q", name, err, c.why)
		}
	}
}

func historyStays(t *testing.T, open Open) {
	o := open(t)
	s := openStore(t, o)
	defer s.Close()
	if err := s.SetStatus(t.Context(), store.AppStatus{App: "chatgpt", Status: policy.Approved}); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{`UPDATE app_status_change SET by_user = 'x'`, `DELETE FROM app_status_change`} {
		if err := exec(t, o, s, text); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v, want a refusal", text, err)
		}
	}
}

func statusIsFollowed(t *testing.T, open Open) {
	o := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	const nodes = 3
	told := make(chan int, 1024)
	var watching sync.WaitGroup
	stores := make([]*store.Store, nodes)
	for i := range stores {
		stores[i] = openStore(t, o)
		if _, err := stores[i].Statuses(ctx); err != nil {
			t.Fatal(err)
		}
		watching.Go(func() {
			err := stores[i].Watch(ctx, func() {
				if set, err := stores[i].Statuses(ctx); err == nil && set["chatgpt"].Status == policy.Unapproved {
					told <- i
				}
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("watch: %v", err)
			}
		})
	}
	if err := stores[0].SetStatus(ctx, store.AppStatus{App: "chatgpt", Status: policy.Unapproved}); err != nil {
		t.Fatal(err)
	}
	set := time.Now()
	seen := map[int]bool{}
	for len(seen) < nodes {
		select {
		case i := <-told:
			seen[i] = true
		case <-time.After(wait):
			t.Fatalf("%d of %d nodes saw the change", len(seen), nodes)
		}
	}
	t.Logf("all %d nodes after %s", nodes, time.Since(set).Round(time.Millisecond))
	cancel()
	watching.Wait()
	for _, s := range stores {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func nodesStartAtOnce(t *testing.T, open Open) {
	o := open(t)
	const nodes = 4
	errs := make([]error, nodes)
	var wg sync.WaitGroup
	for i := range nodes {
		wg.Go(func() {
			own := o
			if o.URL != "" {
				own.DataDir = fmt.Sprintf("%s/node%d", o.DataDir, i)
			}
			s, err := store.Open(t.Context(), own)
			if err == nil {
				_, err = s.Statuses(t.Context())
				err = errors.Join(err, s.Close())
			}
			errs[i] = err
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if o.URL != "" {
		o.DataDir += "/node0"
	}
	list, err := store.Migrate(t.Context(), o, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		t.Fatal("no migration is reported")
	}
	for _, m := range list {
		if m.Applied.IsZero() {
			t.Errorf("%s %s is not applied", m.Database, m.Name)
		}
	}
}
