package blackbox

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
)

// incidents sends prompts with a card until ctx ends, and notes which answers name an
// incident and how many do not.
type incidents struct {
	ids
	unrecorded int
}

func (i *incidents) send(ctx context.Context, addr string, m icap.Message) {
	c := &icap.Client{Addr: addr, Timeout: 10 * time.Second}
	defer c.Close()
	for ctx.Err() == nil {
		r, err := c.Do(context.WithoutCancel(ctx), m) // what was asked is answered
		switch {
		case err != nil:
			pause(ctx)
		case incident.MatchString(string(r.Header.Get("X-Sluice-Id"))):
			i.add(string(r.Header.Get("X-Sluice-Id")))
		default:
			i.mu.Lock()
			i.unrecorded++
			i.mu.Unlock()
		}
	}
}

func (i *incidents) counts() (named, unrecorded int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.set), i.unrecorded
}

// TestFailingDisk makes the node's syncs and writes fail while prompts come in, kills the node,
// and starts it again: every incident that an answer named is there, once. Answers without
// a record on disk name none.
func TestFailingDisk(t *testing.T) {
	for name, inject := range map[string]string{
		"every sync fails":         "inject=fsync,fdatasync:error=EIO",
		"every third sync fails":   "inject=fsync,fdatasync:error=EIO:when=2+3",
		"writes find no room":      "inject=pwrite64:error=ENOSPC",
		"every fifth write fails":  "inject=pwrite64:error=EIO:when=3+5",
		"the disk cannot be grown": "inject=ftruncate,fallocate:error=ENOSPC",
	} {
		t.Run(name, func(t *testing.T) {
			node := newSluice(t, settings{policy: "defaults:\n  unreviewed: {profiles: [default], on_match: block}\n"})
			node.start()
			var secrets planted
			message := prompt("alice", openAIChat("Refund the card "+secrets.card()))
			got := incidents{ids: ids{set: map[string]bool{}}}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var clients sync.WaitGroup
			for range 4 {
				clients.Go(func() { got.send(ctx, node.icap, message) })
			}
			more := func(when string, enough func(named, unrecorded int) bool) {
				t.Helper()
				named, unrecorded := got.counts()
				proc.Eventually(t, 40*time.Second, when, func() error {
					n, u := got.counts()
					if !enough(n-named, u-unrecorded) {
						return fmt.Errorf("%d incidents, %d answers without one", n-named, u-unrecorded)
					}
					return nil
				})
			}
			more("all is well", func(named, _ int) bool { return named >= 20 })
			detach := injectFault(t, node.serving.PID(), inject)
			more("the fault is felt", func(named, unrecorded int) bool { return named+unrecorded >= 60 })
			detach()
			more("the disk works again", func(named, _ int) bool { return named >= 20 })
			stop()
			clients.Wait()
			node.serving.Kill()
			node.start()
			seen := map[string]int{}
			for _, e := range node.events() {
				seen[e.ID]++
			}
			for id := range got.set {
				if seen[id] != 1 {
					t.Errorf("incident %s is there %d times", id, seen[id])
				}
			}
			t.Logf("%d incidents named, %d answers without a record, %d events", len(got.set), got.unrecorded, len(seen))
			secrets.absentFrom(t, map[string]string{"what sluice printed": node.stderr.String()}, node.dir)
		})
	}
}

// injectFault lets system calls of a process fail, by strace, until the returned function is
// called. Where a process may not be traced by its parent it asks sudo.
func injectFault(t *testing.T, pid int, inject string) (detach func()) {
	t.Helper()
	args := []string{"strace", "-f", "-qq", "-o", "/dev/null", "-p", strconv.Itoa(pid), "-e", "trace=" + callsOf(inject), "-e", inject}
	if os.Getuid() != 0 {
		args = append([]string{"sudo", "-n"}, args...)
	}
	tracer := proc.Start(t, "strace", exec.Command(args[0], args[1:]...))
	proc.Eventually(t, 10*time.Second, "strace is attached", func() error {
		select {
		case <-tracer.Done():
			t.Fatalf("strace ended: %s", tracer.Output())
		default:
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return err
		}
		if strings.Contains(string(status), "TracerPid:\t0\n") {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	return func() {
		tracer.Signal(syscall.SIGINT)
		tracer.Wait(t, 20*time.Second)
	}
}

func callsOf(inject string) string {
	calls, _, _ := strings.Cut(strings.TrimPrefix(inject, "inject="), ":")
	return calls
}

// TestFullDisk fills the node's disk with its own events until there is no room: usage is
// counted first, then what cannot be recorded is answered as overload says, and the alarm is
// raised. When room is made the node goes on by itself; no incident is lost, and every request
// that was let through is counted once.
func TestFullDisk(t *testing.T) {
	disk := newVolume(t, 24)
	t.Setenv("SLUICE_DATA_DIR", disk.dir)
	node := newSluice(t, settings{policy: "defaults:\n  unreviewed: {profiles: [default], on_match: block}\n"})
	node.start()
	var secrets planted
	cards, clean := incidents{ids: ids{set: map[string]bool{}}}, incidents{ids: ids{set: map[string]bool{}}}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() { cards.send(ctx, node.icap, prompt("alice", openAIChat("Refund the card "+secrets.card()))) })
		clients.Go(func() { clean.send(ctx, node.icap, prompt("bob", openAIChat("Write a haiku about the first snow."))) })
	}
	proc.Eventually(t, 120*time.Second, "the disk is full", func() error {
		if n, u := cards.counts(); u < 50 {
			return fmt.Errorf("%d incidents, %d answers without one", n, u)
		}
		return nil
	})
	// What is delivered makes room for moments, so the stage comes and goes.
	proc.Eventually(t, 20*time.Second, "the metric says that the outbox is full", func() error {
		if m := metric(t, node, "sluice_outbox_stage"); m != 2 {
			return fmt.Errorf("sluice_outbox_stage is %v with a full disk, want 2", m)
		}
		return nil
	})
	if log := node.stderr.String(); !strings.Contains(log, "outbox is filling") || !strings.Contains(log, "outbox is full") {
		t.Error("the log has no alarm")
	}
	disk.root("mount", "-o", "remount,size=96m", disk.dir)
	named, _ := cards.counts()
	proc.Eventually(t, 60*time.Second, "the node goes on", func() error {
		if n, _ := cards.counts(); n < named+100 {
			return fmt.Errorf("%d incidents more", n-named)
		}
		return nil
	})
	stop()
	clients.Wait()
	node.stop()
	seen := map[string]int{}
	for _, e := range node.events() {
		if seen[e.ID]++; seen[e.ID] > 1 {
			t.Errorf("event %s is there twice", e.ID)
		}
	}
	for id := range cards.set {
		if seen[id] != 1 {
			t.Errorf("incident %s is missing", id)
		}
	}
	db, err := sql.Open("sqlite", filepath.Join(disk.dir, "sluice.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var requests, events int
	if err := db.QueryRowContext(t.Context(), `SELECT sum(n), sum(CASE WHEN kind = 0 AND nmatch = 0 THEN 1 ELSE 0 END) FROM event`).Scan(&requests, &events); err != nil {
		t.Fatal(err)
	}
	want := len(cards.set) + len(clean.set)
	// A request that waited too long for the disk was answered without an id, and may be on record.
	if requests < want || requests > want+cards.unrecorded+clean.unrecorded {
		t.Errorf("%d requests are on record, %d were answered with an id, %d without", requests, want, cards.unrecorded+clean.unrecorded)
	}
	node.start()
	proc.Eventually(t, 30*time.Second, "the roll-ups have every request", func() error {
		var counted int
		if err := db.QueryRowContext(t.Context(), `SELECT sum(events) FROM app_hourly`).Scan(&counted); err != nil {
			return err
		}
		if counted != requests {
			return fmt.Errorf("%d of %d", counted, requests)
		}
		return nil
	})
	if events >= len(clean.set) {
		t.Errorf("all %d clean prompts are events: usage was not thinned out", events)
	}
	t.Logf("%d requests on record; %d incidents, %d clean prompts of which %d are events; %d and %d were refused", requests, len(cards.set), len(clean.set), events, cards.unrecorded, clean.unrecorded)
}

// metrics returns what a node tells of itself to Prometheus.
func metrics(t *testing.T, n *sluice) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "curl", "-sf", "http://"+n.ops+"/metrics").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// metric returns one value of /metrics.
func metric(t *testing.T, n *sluice, name string) float64 {
	t.Helper()
	for line := range strings.Lines(metrics(t, n)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			f, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}
