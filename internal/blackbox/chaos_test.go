package blackbox

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/internal/blackbox/pgtest"
	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
)

// make chaos ROUNDS=200
var chaosRounds = flag.Int("chaos", 10, "rounds of faults in TestChaos")

// chaos is a node under traffic to which bad things happen.
type chaos struct {
	t      *testing.T
	pg     *pgtest.Server
	disk   *volume
	node   *sluice
	rnd    *rand.Rand
	happed map[string]int
}

// TestChaos kills the node and stops Postgres as crashes would, tears the end of the outbox's
// log and fills its disk, round after round under traffic. In the end Postgres has every
// event that an answer has named, each once, and the roll-ups are the sums of the events.
func TestChaos(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	c := &chaos{t: t, pg: pgtest.Start(t), disk: newVolume(t, 96), rnd: rand.New(rand.NewPCG(seed, 1)), happed: map[string]int{}}
	t.Setenv("SLUICE_DATA_DIR", c.disk.dir)
	database := c.pg.Database(t)
	c.node = newSluice(t, settings{database: database, policy: `
defaults:
  approved:   {profiles: [default], on_match: log}
  in_review:  {profiles: [default], on_match: block}
  unreviewed: {profiles: [default], on_match: block}
  unapproved: {action: block}
`})
	c.node.must("apps", "status", "anthropic-api", "approved")
	c.node.must("apps", "status", "deepseek", "unapproved")
	c.node.start()

	got := ids{set: map[string]bool{}}
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for i, m := range chaosTraffic() {
		promised := m.HasBody && i < 2 || !m.HasBody
		clients.Go(func() { c.send(ctx, m, promised, &got) })
	}
	for round := range *chaosRounds {
		before := got.len()
		c.round()
		proc.Eventually(t, 60*time.Second, "the node records again", func() error {
			if n := got.len() - before; n < perRound {
				return fmt.Errorf("%d incidents in this round", n)
			}
			return nil
		})
		if (round+1)%20 == 0 {
			t.Logf("round %d: %d incidents answered, %v", round+1, got.len(), c.happed)
		}
	}
	stop()
	clients.Wait()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	proc.Eventually(t, 90*time.Second, "every incident is in Postgres", func() error { return missing(t, conn, got.set) })
	c.node.stop() // what only counts follows when the minute ends, or now
	checkOnce(t, conn)
	checkSums(t, conn, int64(len(chaosTraffic()[2].Body)))
	t.Logf("seed %d: %d incidents answered, %v", seed, got.len(), c.happed)
}

// chaosTraffic is a prompt with a card that is blocked, one that is let through on record,
// a clean one, and a page of an app that is blocked, which folds.
func chaosTraffic() []icap.Message {
	var secrets planted
	card := prompt("mallory", openAIChat("Refund the card "+secrets.card()))
	passed := card
	passed.RequestHead = []byte(strings.NewReplacer("api.openai.com/v1/chat/completions", "api.anthropic.com/v1/messages", "api.openai.com", "api.anthropic.com").Replace(string(card.RequestHead)))
	page := icap.Message{
		Method: icap.MethodReqmod, Service: "/reqmod", Header: card.Header, Allow204: true,
		RequestHead: []byte("GET https://chat.deepseek.com/ HTTP/1.1\r\nHost: chat.deepseek.com\r\n\r\n"),
	}
	return []icap.Message{card, passed, prompt("alice", openAIChat("Write a haiku about the first snow.")), page}
}

// send sends m over and over, through everything, and notes the incidents of answers whose
// events are promised to be on disk.
func (c *chaos) send(ctx context.Context, m icap.Message, promised bool, got *ids) {
	client := &icap.Client{Addr: c.node.icap, Timeout: 10 * time.Second}
	defer client.Close()
	for ctx.Err() == nil {
		r, err := client.Do(ctx, m)
		if err != nil {
			pause(ctx)
			continue
		}
		if id := string(r.Header.Get("X-Sluice-Id")); promised && incident.MatchString(id) {
			got.add(id)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// round lets one or two bad things happen, and mends them.
func (c *chaos) round() {
	c.t.Helper()
	faults := []func(){c.killNode, c.tearTail, c.crashPostgres, c.fillDisk, c.killWithoutPostgres}
	for range 1 + c.rnd.IntN(2) {
		time.Sleep(time.Duration(50+c.rnd.IntN(250)) * time.Millisecond)
		faults[c.rnd.IntN(len(faults))]()
	}
}

func (c *chaos) killNode() {
	c.happed["SIGKILL of the node"]++
	c.node.serving.Kill()
	c.node.start()
}

// tearTail leaves after the last transaction what an interrupted write may leave.
func (c *chaos) tearTail() {
	c.happed["torn tail"]++
	c.node.serving.Kill()
	f, err := os.OpenFile(filepath.Join(c.disk.dir, "sluice.db-wal"), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		c.t.Fatal(err)
	}
	torn := make([]byte, 1+c.rnd.IntN(3*4120))
	for i := range torn {
		torn[i] = byte(c.rnd.Uint32())
	}
	if _, err := f.Write(torn); err != nil {
		c.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		c.t.Fatal(err)
	}
	c.node.start()
}

func (c *chaos) crashPostgres() {
	c.happed["immediate stop of Postgres"]++
	c.pg.Stop(c.t, true)
	time.Sleep(time.Duration(c.rnd.IntN(300)) * time.Millisecond)
	c.pg.Start(c.t)
}

func (c *chaos) killWithoutPostgres() {
	c.happed["SIGKILL of the node while Postgres is down"]++
	c.pg.Stop(c.t, true)
	c.node.serving.Kill()
	c.node.start()
	time.Sleep(time.Duration(c.rnd.IntN(200)) * time.Millisecond)
	c.pg.Start(c.t)
}

func (c *chaos) fillDisk() {
	c.happed["full disk"]++
	c.disk.fill()
	time.Sleep(time.Duration(200+c.rnd.IntN(600)) * time.Millisecond)
	c.disk.free()
}

// missing says which incidents Postgres does not have.
func missing(t *testing.T, conn *pgx.Conn, want map[string]bool) error {
	rows, err := conn.Query(t.Context(), `SELECT id::text FROM event`)
	if err != nil {
		return err
	}
	have, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	slices.Sort(have)
	n, first := 0, ""
	for id := range want {
		if _, found := slices.BinarySearch(have, id); !found {
			n, first = n+1, id
		}
	}
	if n > 0 {
		return fmt.Errorf("%d of %d are missing, among them %s", n, len(want), first)
	}
	return nil
}

func checkOnce(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	var rows, distinct int64
	if err := conn.QueryRow(t.Context(), `SELECT count(*), count(DISTINCT id) FROM event`).Scan(&rows, &distinct); err != nil {
		t.Fatal(err)
	}
	if rows != distinct {
		t.Errorf("%d events are there twice", rows-distinct)
	}
	t.Logf("%d events in Postgres", rows)
}

// checkSums compares every roll-up with the sum of the events. Clean prompts of so many bytes
// may only have been counted, while the disk was nearly full: then all roll-ups have the
// same number of them more.
func checkSums(t *testing.T, conn *pgx.Conn, clean int64) {
	t.Helper()
	sums := func(query string) (s [7]int64) {
		if err := conn.QueryRow(t.Context(), query).Scan(&s[0], &s[1], &s[2], &s[3], &s[4], &s[5], &s[6]); err != nil {
			t.Fatal(err)
		}
		return s
	}
	want := sums(`SELECT sum(n + late_n)::bigint, coalesce(sum(n + late_n) FILTER (WHERE activity = 'prompt'), 0)::bigint,
 coalesce(sum(n + late_n) FILTER (WHERE activity = 'upload'), 0)::bigint, coalesce(sum(n + late_n) FILTER (WHERE nmatch > 0), 0)::bigint,
 coalesce(sum(n + late_n) FILTER (WHERE action NOT IN ('allow', 'log')), 0)::bigint, sum(bytes_out)::bigint, sum(bytes_in + late_in)::bigint FROM event`)
	var counted int64
	if err := conn.QueryRow(t.Context(), `SELECT sum(events)::bigint FROM app_hourly`).Scan(&counted); err != nil {
		t.Fatal(err)
	}
	if counted -= want[0]; counted < 0 {
		t.Errorf("%d requests are not rolled up", -counted)
	}
	want[0], want[1], want[5] = want[0]+counted, want[1]+counted, want[5]+counted*clean
	for _, table := range []string{"usage_hourly", "app_hourly", "user_app_daily", "user_daily", "person_daily", "device_daily", "source_daily", "group_daily", "place_daily", "coverage_daily"} {
		got := sums(`SELECT sum(events)::bigint, sum(prompts)::bigint, sum(uploads)::bigint, sum(matched)::bigint, sum(stopped)::bigint,
 sum(bytes_out)::bigint, sum(bytes_in)::bigint FROM ` + table)
		if got != want {
			t.Errorf("%s adds up to %v, the events to %v", table, got, want)
		}
	}
	var findings, rolled int64
	err := conn.QueryRow(t.Context(), `SELECT (SELECT sum(nmatch) FROM event)::bigint, (SELECT sum(findings) FROM match_daily WHERE profile = '')::bigint`).Scan(&findings, &rolled)
	if err != nil {
		t.Fatal(err)
	}
	if findings != rolled {
		t.Errorf("match_daily adds up to %d findings, the events to %d", rolled, findings)
	}
	t.Logf("requests, prompts, uploads, matched, stopped, bytes out and in: %v; the same in 10 roll-ups; %d requests only counted", want, counted)
}
