package blackbox

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/internal/blackbox/pgtest"
	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
)

// go test -run TestOutageUnderLoad -v ./internal/blackbox -args -outage 10m -rate 2000
var (
	outageTime = flag.Duration("outage", 5*time.Second, "how long TestOutageUnderLoad stops Postgres")
	outageRate = flag.Int("rate", 300, "prompts a second that TestOutageUnderLoad sends")
)

const steadyClients = 20

// steady sends prompts at a steady rate and remembers how long answers took, phase by phase.
type steady struct {
	mu    sync.Mutex
	phase string
	took  map[string][]time.Duration
	ids   ids // of prompts with a card
	sent  atomic.Int64
}

func (s *steady) enter(phase string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phase = phase
}

// run sends one prompt every interval; one in twenty holds a card.
func (s *steady) run(ctx context.Context, t *testing.T, addr string, interval time.Duration, clean, card icap.Message) {
	c := &icap.Client{Addr: addr, Timeout: 30 * time.Second}
	defer c.Close()
	next := time.Now().Add(time.Duration(rand.Int64N(int64(interval))))
	for i := 0; ctx.Err() == nil; i++ {
		time.Sleep(time.Until(next))
		if next = next.Add(interval); time.Since(next) > time.Second {
			next = time.Now() // it cannot keep up: the log tells the rate that was reached
		}
		m := clean
		if i%20 == 0 {
			m = card
		}
		began := time.Now()
		r, err := c.Do(context.WithoutCancel(ctx), m)
		if err != nil {
			t.Errorf("a prompt got no answer: %v", err)
			return
		}
		s.note(time.Since(began))
		id := string(r.Header.Get("X-Sluice-Id"))
		if !incident.MatchString(id) {
			t.Errorf("an answer names no event")
			return
		}
		s.sent.Add(1)
		if i%20 == 0 {
			s.ids.add(id)
		}
	}
}

func (s *steady) note(took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took[s.phase] = append(s.took[s.phase], took)
}

// p99 returns the 99th percentile of a phase, and logs it with others.
func (s *steady) p99(t *testing.T, phase string, length time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Sorted(slices.Values(s.took[phase]))
	if len(list) == 0 {
		t.Fatalf("no answers %s", phase)
	}
	at := func(p float64) time.Duration { return list[int(p*float64(len(list)-1))] }
	t.Logf("%-22s %8d answers (%.0f/s): p50 %s, p99 %s, p99.9 %s, longest %s", phase, len(list), float64(len(list))/length.Seconds(),
		at(.5), at(.99), at(.999), at(1))
	return at(.99)
}

// TestOutageUnderLoad stops Postgres for a while under a steady load: answers are not slower
// for it, the outbox takes what comes, and afterwards Postgres catches up with everything.
func TestOutageUnderLoad(t *testing.T) {
	pg := pgtest.Start(t)
	database := pg.Database(t)
	node := newSluice(t, settings{
		database: database, extra: "", policy: "defaults:\n  unreviewed: {profiles: [default], on_match: block}\n",
	})
	node.start()
	var secrets planted
	clean, card := prompt("alice", openAIChat("Write a haiku about the first snow.")), prompt("bob", openAIChat("Refund the card "+secrets.card()))
	s := &steady{took: map[string][]time.Duration{}, ids: ids{set: map[string]bool{}}, phase: "warming up"}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var clients sync.WaitGroup
	for range steadyClients {
		clients.Go(func() { s.run(ctx, t, node.icap, time.Second*steadyClients/time.Duration(*outageRate), clean, card) })
	}
	phase := func(name string, length time.Duration) {
		s.enter(name)
		time.Sleep(length)
	}
	phase("warming up", min(*outageTime, 10*time.Second))
	phase("with Postgres", *outageTime/5)
	s.enter("stopping")
	pg.Stop(t, true)
	before := s.sent.Load()
	phase("without Postgres", *outageTime)
	backlog := s.sent.Load() - before
	s.enter("starting")
	size := outboxSize(t, node)
	pg.Start(t)
	back := time.Now()
	s.enter("catching up")
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	rows := func() (n int64) {
		if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM event`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	stored := rows()
	proc.Eventually(t, max(2**outageTime, 60*time.Second), "Postgres has caught up", func() error {
		if lag := s.sent.Load() - rows(); lag > int64(*outageRate) {
			return fmt.Errorf("%d events behind", lag)
		}
		return nil
	})
	caughtUp := time.Since(back)
	t.Logf("%d events waited in an outbox of %d MiB (%d bytes each); caught up in %s: %.0f rows/s", backlog, size>>20, size/max(backlog, 1),
		caughtUp.Round(time.Millisecond), float64(rows()-stored)/caughtUp.Seconds())
	phase("with Postgres again", *outageTime/5)
	stop()
	clients.Wait()
	with, without := s.p99(t, "with Postgres", *outageTime/5), s.p99(t, "without Postgres", *outageTime)
	s.p99(t, "catching up", caughtUp)
	s.p99(t, "with Postgres again", *outageTime/5)
	// Noise of a busy machine is not what this is about: a wait for Postgres would be seconds.
	if without > 2*with+100*time.Millisecond {
		t.Errorf("p99 %s without Postgres, %s with it", without, with)
	}
	node.stop()
	if got, want := rows(), s.sent.Load(); got != want {
		t.Errorf("Postgres has %d events, %d were answered", got, want)
	}
	if err := missing(t, conn, s.ids.set); err != nil {
		t.Error(err)
	}
	checkOnce(t, conn)
	checkSums(t, conn, int64(len(clean.Body)))
}

// outboxSize returns what the outbox takes on disk.
func outboxSize(t *testing.T, n *sluice) (size int64) {
	t.Helper()
	for _, name := range []string{"sluice.db", "sluice.db-wal"} {
		st, err := os.Stat(filepath.Join(n.dir, "data", name))
		if err != nil {
			t.Fatal(err)
		}
		size += st.Size()
	}
	return size
}
