package console

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dlp/sluice/store"
)

// TestReportsAreRenewed asks for reports that take time to make, as minutes go by.
func TestReportsAreRenewed(t *testing.T) {
	type step struct {
		after time.Duration // since the step before
		want  int           // which making of the report is shown
		waits bool          // until it is made
	}
	cases := map[string]struct {
		takes time.Duration
		steps []step
	}{
		"a quick one is made anew once it is old":                    {5 * time.Millisecond, []step{{0, 1, true}, {14 * time.Second, 1, false}, {2 * time.Second, 2, true}}},
		"a slow one is shown as it was, and is new on the next page": {time.Second, []step{{0, 1, true}, {time.Minute, 1, false}, {2 * time.Second, 2, false}, {10 * time.Second, 2, false}}},
		"a slow one that is too old is waited for":                   {time.Second, []step{{0, 1, true}, {6 * time.Minute, 2, true}}},
		"it is made once, however many ask":                          {10 * time.Second, []step{{0, 1, true}, {time.Minute, 1, false}, {time.Second, 1, false}, {time.Second, 1, false}, {10 * time.Second, 2, false}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &Server{o: Options{Store: new(store.Store)}, reports: newCache(), now: time.Now, log: slog.New(slog.DiscardHandler)}
				defer s.reports.close()
				made := 0
				for i, st := range c.steps {
					time.Sleep(st.after)
					synctest.Wait()
					began := time.Now()
					got, err := cached(t.Context(), s, "report", func(context.Context) (int, error) {
						made++
						n := made
						time.Sleep(c.takes)
						return n, nil
					})
					if err != nil || got != st.want || (time.Since(began) > 0) != st.waits {
						t.Fatalf("step %d: making %d after %v, %v; want making %d, to wait for it: %t", i, got, time.Since(began), err, st.want, st.waits)
					}
				}
			})
		})
	}
}

// TestFailedRenewal keeps the report that is there, also when making it anew panics.
func TestFailedRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{o: Options{Store: new(store.Store)}, reports: newCache(), now: time.Now, log: slog.New(slog.DiscardHandler)}
		defer s.reports.close()
		made := 0
		ask := func() (int, error) {
			return cached(t.Context(), s, "report", func(context.Context) (int, error) {
				made++
				time.Sleep(time.Second)
				switch made {
				case 2:
					return 0, errors.New("the database is away")
				case 3:
					panic("a mistake")
				}
				return made, nil
			})
		}
		for i, want := range []int{1, 1, 1, 1, 4} {
			got, err := ask()
			if err != nil || got != want {
				t.Fatalf("page %d: %d, %v; want %d", i, got, err, want)
			}
			time.Sleep(30 * time.Second)
			synctest.Wait()
		}
	})
}

// A report of before a person was erased is not shown again, however new it is.
func TestAnErasedPersonLeavesKeptReports(t *testing.T) {
	st, err := store.Open(t.Context(), store.Options{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	ctx, stop := context.WithCancel(t.Context())
	watched := make(chan error, 1)
	go func() { watched <- st.Watch(ctx, func() {}) }()
	defer func() { stop(); <-watched }()
	s := &Server{o: Options{Store: st}, reports: newCache(), now: time.Now, log: slog.New(slog.DiscardHandler)}
	defer s.reports.close()
	made := 0
	ask := func() int {
		n, err := cached(ctx, s, "report", func(context.Context) (int, error) { made++; return made, nil })
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	ask()
	if n := ask(); n != 1 {
		t.Fatalf("the report is number %d: none is kept", n)
	}
	_, err = st.AddException(ctx, store.Exception{User: "mallory", App: "a", Subject: "pii", Justification: "x", State: store.ExceptionActive, Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.ErasePerson(ctx, "mallory", "dpo"); err != nil {
		t.Fatal(err)
	}
	for st.Erasures() == 0 {
		time.Sleep(time.Millisecond)
	}
	if n := ask(); n != 2 {
		t.Errorf("the report is number %d, want one made after the erasure", n)
	}
}

func TestQuickReportsAreNotKeptEveryMinute(t *testing.T) {
	for took, want := range map[time.Duration]time.Duration{
		0:                     4 * time.Minute,
		19 * time.Millisecond: 4 * time.Minute,
		20 * time.Millisecond: time.Minute,
		time.Second:           100 * time.Second,
		time.Minute:           4 * time.Minute,
	} {
		if got := keepAgain(took); got != want {
			t.Errorf("after a round of %v the next one begins in %v, want %v", took, got, want)
		}
	}
}

// TestKeptReports makes a slow report anew before it is too old: visitors see the last one at
// once while it is made, and the new one then.
func TestKeptReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{o: Options{Store: new(store.Store)}, reports: newCache(), now: time.Now, log: slog.New(slog.DiscardHandler)}
		defer s.reports.close()
		made := 0
		ask := func(ctx context.Context) int {
			got, err := cached(ctx, s, "report", func(context.Context) (int, error) {
				made++
				n := made
				time.Sleep(10 * time.Second)
				return n, nil
			})
			if err != nil {
				t.Error(err)
			}
			return got
		}
		keep := context.WithValue(t.Context(), keeping{}, true)
		if got := ask(keep); got != 1 {
			t.Fatalf("making %d, want the first", got)
		}
		time.Sleep(4 * time.Minute)
		go ask(keep)
		synctest.Wait()
		began := time.Now()
		if got := ask(t.Context()); got != 1 || time.Since(began) != 0 {
			t.Errorf("while it is made: making %d after %s, want the first at once", got, time.Since(began))
		}
		time.Sleep(11 * time.Second)
		if got := ask(t.Context()); got != 2 || made != 2 {
			t.Errorf("then: making %d of %d, want the second of two", got, made)
		}
	})
}
