package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/policy"
	"github.com/sluice-dlp/sluice/store"
)

// Investigations runs every prepared investigation over the events of seed.
func Investigations(t *testing.T, o store.Options, seed uint64) []byte {
	t.Helper()
	list := reportEvents(seed, 2000)
	s := fill(t, o, list)
	ctx := t.Context()
	if err := s.SetStatus(ctx, store.AppStatus{App: "app01", Status: policy.Approved, By: "ann", At: reportStart}); err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	q := store.Question{Period: store.Period{From: reportStart, To: reportStart.Add(12 * 24 * time.Hour)}, User: "user07", App: "app03", Names: true}
	for _, one := range store.Investigations() {
		table, err := s.Investigate(ctx, one.ID, q)
		if err != nil {
			t.Fatalf("%s: %v", one.ID, err)
		}
		if len(table.Rows) == 0 && one.ID != "exceptions-used" {
			t.Errorf("%s: no rows", one.ID)
		}
		out[one.ID] = map[string]any{"columns": table.Columns, "rows": table.Rows}
	}
	if _, err := s.Investigate(ctx, "nonsense", q); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an unknown investigation: %v, want ErrNotFound", err)
	}
	b, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func exploreReads(t *testing.T, open Open) {
	w := newWorld(21, yesterday(), time.Second)
	list := w.events(500)
	s := fill(t, open(t), list)
	var matches, blocked int64
	for _, e := range list {
		matches += int64(len(e.Matches))
		blocked += one(e.Decision.Action == "block")
	}
	for text, want := range map[string]int64{
		`SELECT COUNT(*) FROM events`:                                 500,
		`select count(*) from matches`:                                matches,
		`SELECT count(*) FROM events WHERE action = 'block' -- all; `: blocked,
		`WITH x AS (SELECT user_name FROM events WHERE "action" = 'block') SELECT COUNT(*) FROM x /* so many */ ;`: blocked,
		`SELECT CAST(SUM(events) AS bigint) FROM usage`:                                                            500,
		`SELECT CAST(SUM(events) AS bigint) FROM hours`:                                                            500,
	} {
		table, err := s.Explore(t.Context(), store.Exploration{SQL: text})
		if err != nil || len(table.Rows) != 1 || table.Rows[0][0] != want {
			t.Errorf("%s: %v %v, want %d", text, table.Rows, err, want)
		}
	}
	for _, v := range store.Views() {
		table, err := s.Explore(t.Context(), store.Exploration{SQL: `SELECT * FROM ` + v.Name + ` LIMIT 3`})
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		if want := strings.Fields(v.Columns); !slices.Equal(want, table.Columns) {
			t.Errorf("view %s has columns %v, documented are %v", v.Name, table.Columns, want)
		}
	}
	unnamed(t, s)
	table, err := s.Explore(t.Context(), store.Exploration{SQL: `SELECT a.id, b.id FROM events a CROSS JOIN events b WHERE a.ts >= $1`, Args: []any{yesterday().Add(-24 * time.Hour)}, Costly: true})
	if err != nil || !table.Truncated || len(table.Rows) != 10_000 {
		t.Errorf("250,000 rows: %d rows, truncated %v, %v; want the first 10,000", len(table.Rows), table.Truncated, err)
	}
}

// unnamed checks the views of who may not see names: numbers stand for people and devices,
// the same everywhere, and the numbers can be asked for.
func unnamed(t *testing.T, s *store.Store) {
	t.Helper()
	ctx := t.Context()
	x := store.Exception{User: "user02", App: "app01", Subject: "app", Justification: "need it", Event: "0193e5a0-7c1f-7b3e-9a55-2f6d1c0b8e44", State: "active", Expires: time.Now().Add(time.Hour)}
	if _, err := s.AddException(ctx, x); err != nil {
		t.Fatal(err)
	}
	ids, err := s.PersonIDs(ctx, []string{"user02"})
	if err != nil || ids["user02"] == 0 {
		t.Fatalf("no number of user02: %v", err)
	}
	alias := fmt.Sprintf("~%d", ids["user02"])
	for _, view := range []string{"events", "matches", "usage", "exceptions"} {
		count := func(names bool, user string) (any, error) {
			table, err := s.Explore(ctx, store.Exploration{SQL: `SELECT COUNT(*) FROM ` + view + ` WHERE user_name = $1`, Args: []any{user}, Names: names})
			if err != nil {
				return nil, err
			}
			return table.Rows[0][0], nil
		}
		named, err1 := count(true, "user02")
		hidden, err2 := count(false, alias)
		guessed, err3 := count(false, "user02")
		if err := errors.Join(err1, err2, err3); err != nil || named == int64(0) || hidden != named || guessed != int64(0) {
			t.Errorf("%s: %v rows by name, %v by number, %v by name without the right, %v; want as many, and none", view, named, hidden, guessed, err)
		}
		table, err := s.Explore(ctx, store.Exploration{SQL: `SELECT * FROM ` + view})
		if err != nil {
			t.Fatal(err)
		}
		for i, column := range table.Columns {
			for _, row := range table.Rows {
				text, _ := row[i].(string)
				switch column {
				case "user_name", "device":
					if text != "" && text[0] != '~' {
						t.Fatalf("%s shows %s %q", view, column, text)
					}
				case "ip":
					if text != "" {
						t.Fatalf("%s shows the address %q", view, text)
					}
				}
			}
		}
	}
	for _, text := range []string{`SELECT * FROM explore.events`, `SELECT * FROM "explore".usage`, `SELECT * FROM explore_unnamed.events`} {
		if _, err := s.Explore(ctx, store.Exploration{SQL: text}); !errors.Is(err, store.ErrRefused) {
			t.Errorf("%s: %v, want a refusal", text, err)
		}
	}
}

// hostile are statements that must do nothing but be refused.
var hostile = []string{
	``, `;`, `SELECT`, `DELETE FROM event`, `SELECT 1; DELETE FROM event`, `DROP TABLE event`, `INSERT INTO event DEFAULT VALUES`,
	`UPDATE app_status SET status = 'approved'`, `WITH x AS (DELETE FROM event RETURNING 1) SELECT * FROM x`, `SELECT * FROM event`,
	`SELECT * FROM main.event`, `SELECT * FROM public.event`, `SELECT * FROM "event"`, `SELECT * FROM account`, `SELECT secret FROM explorer_role`,
	`SELECT * FROM audit`, `SELECT * FROM sqlite_master`, `SELECT * FROM sqlite_schema`, `SELECT * FROM pg_authid`, `SELECT * FROM pg_stat_activity`,
	`SELECT * FROM information_schema.tables`, `SELECT * FROM goose_db_version`, `ATTACH '/tmp/planted.db' AS x`, `DETACH main`,
	`VACUUM INTO '/tmp/planted.db'`, `PRAGMA query_only = 0`, `PRAGMA writable_schema = 1`, `SELECT * FROM pragma_table_info('event')`,
	`SELECT load_extension('/tmp/x.so')`, `SELECT readfile('/etc/passwd')`, `SELECT writefile('/tmp/planted.db', 'x')`, `SELECT randomblob(1000000000)`,
	`SELECT zeroblob(1000000000)`, `SELECT hex(randomblob(100000000))`, `SELECT printf('%.*c', 1000000000, 'x')`, `SELECT repeat('x', 1000000000)`,
	`SELECT lpad('x', 1000000000)`, `SELECT pg_sleep(20)`, `SELECT pg_read_file('/etc/passwd')`, `SELECT pg_ls_dir('/')`, `SELECT lo_import('/etc/passwd')`,
	`SELECT lo_export(1, '/tmp/planted.db')`, `COPY events TO '/tmp/planted.db'`, `COPY (SELECT 1) TO PROGRAM 'id'`, `SELECT set_config('role', 'postgres', false)`,
	`SELECT current_setting('data_directory')`, `SET ROLE postgres`, `RESET ROLE`, `SHOW data_directory`, `SELECT pg_advisory_lock(1)`, `SELECT pg_notify('sluice_config', '9')`,
	`NOTIFY sluice_config`, `LISTEN sluice_config`, `DO $$ BEGIN DELETE FROM event; END $$`, `CALL x()`, `EXPLAIN ANALYZE SELECT 1`, `CREATE TEMP TABLE t (x int)`,
	`SELECT * INTO t FROM events`, `SELECT * FROM events FOR UPDATE`, `LOCK TABLE event`, `BEGIN`, `COMMIT`, `PREPARE x AS SELECT 1`, `DECLARE c CURSOR FOR SELECT 1`,
	`WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT COUNT(*) FROM x`, `SELECT count(*) FROM generate_series(1, 1000000000)`,
	`SELECT query_to_xml('DELETE FROM event', true, true, '')`, `SELECT dblink('host=x', 'DELETE FROM event')`, `SELECT pg_catalog.pg_sleep(20)`,
	`SELECT "pg_sleep"(20)`, `SELECT U&"pg\005fsleep"(20)`, `SELECT /* /* */ 1; DELETE FROM event; -- */`, `SELECT $$x$$`, `SELECT E'\''; DELETE FROM event; --'`,
	`SELECT 'it''s'; DELETE FROM event`, "SELECT 1\x00; DELETE FROM event", "SELECT `x` FROM events", `SELECT [x] FROM events`, `SELECT 1 AS "a;b"; DROP TABLE event`,
	`SELECT * FROM events; ATTACH 'x' AS y`, `REPLACE INTO event VALUES (1)`, `ALTER ROLE postgres SUPERUSER`, `GRANT ALL ON event TO PUBLIC`, `TRUNCATE event`, `ANALYZE`, `REINDEX`,
	`SELECT replace(replace('aaaaaaaaaa', 'a', 'aaaaaaaaaa'), 'a', 'aaaaaaaaaa')`, `SELECT string_agg(path, '') FROM events`, `SELECT json_group_array(id) FROM events`,
	`SELECT 'a'||'a'||'a'||'a'||'a'||'a'||'a'||'a'||'a'||'a'||'a'||'a'`, `TABLE events`, `VALUES (1)`, `(SELECT 1)`, `SELECT 1 \g`, `SELECT @x`, `SELECT * FROM temp.events`,
}

// mutate makes a new statement of old ones: parts of two joined, a word exchanged, case and
// blanks changed, signs put in.
func mutate(rnd *rand.Rand, seeds []string) string {
	a := seeds[rnd.IntN(len(seeds))]
	words := []string{
		"DELETE FROM event", "pg_sleep(9)", "event", "main.event", "account", "INTO", "UNION ALL SELECT name, 1 FROM sqlite_master", ";", "--", "/*", "*/", "'", `"`, "$$", "(", ")",
		"SELECT", "FROM events", "WITH x AS (", "RETURNING 1", "randomblob(99999999)", "VACUUM INTO '/tmp/planted.db'", "\u00a0", "\\", "||", "::regclass", "E'", "U&'", "CROSS JOIN events e2",
		"CROSS JOIN events e3", "ORDER BY random()", "LIMIT 1", "current_user", "ATTACH '/tmp/planted.db' AS z", "\n", "\t", "lateral", "json_each(detail)", "1e9", "NULL", "load_extension('x')",
	}
	switch rnd.IntN(5) {
	case 0:
		b := seeds[rnd.IntN(len(seeds))]
		return a[:rnd.IntN(len(a)+1)] + b[rnd.IntN(len(b)+1):]
	case 1:
		at := rnd.IntN(len(a) + 1)
		return a[:at] + " " + words[rnd.IntN(len(words))] + " " + a[at:]
	case 2:
		parts := strings.Fields(a)
		if len(parts) > 0 {
			parts[rnd.IntN(len(parts))] = words[rnd.IntN(len(words))]
		}
		return strings.Join(parts, " ")
	case 3:
		return "SELECT " + a
	}
	return "SELECT * FROM events WHERE id = " + a + " " + words[rnd.IntN(len(words))]
}

// Hostile runs n hostile statements, generated and written by hand, and checks that
// nothing was written, no file made, nothing outside the views read, and no deadline missed.
func Hostile(t *testing.T, o store.Options, n int) {
	t.Helper()
	w := newWorld(22, yesterday(), time.Second)
	list := w.events(60)
	for _, e := range list {
		e.Sealed = []byte("PLANTED-SECRET")
	}
	s := fill(t, o, list)
	ctx := t.Context()
	if err := s.PutAccount(ctx, store.Account{Name: "ann", Role: "admin", Secret: "PLANTED-SECRET"}, "root"); err != nil {
		t.Fatal(err)
	}
	before := fingerprint(t, s)
	rnd := rand.New(rand.NewPCG(5, 5))
	seeds := append([]string{
		`SELECT user_name, COUNT(*) FROM events GROUP BY user_name`, `SELECT * FROM matches WHERE detector = 'iban' ORDER BY ts`,
		`WITH x AS (SELECT app, status FROM apps) SELECT * FROM x`, `SELECT time FROM events WHERE path LIKE '%a%' LIMIT 5`,
	}, hostile...)
	ran := 0
	for i := range n {
		text := ""
		switch {
		case i < len(hostile):
			text = hostile[i]
		default:
			text = mutate(rnd, seeds)
			if rnd.IntN(2) == 0 {
				text = mutate(rnd, append(seeds, text))
			}
		}
		began := time.Now()
		table, err := s.Explore(ctx, store.Exploration{SQL: text, Costly: rnd.IntN(4) == 0, Names: i%2 == 0})
		if took := time.Since(began); took > 8*time.Second {
			t.Errorf("%q took %s", text, took)
		}
		if i < len(hostile) && !errors.Is(err, store.ErrRefused) {
			t.Errorf("%q: %v, want a refusal", text, err)
		}
		if err != nil && !errors.Is(err, store.ErrRefused) {
			t.Errorf("%q: %v, which is no refusal", text, err)
		}
		if err == nil {
			ran++
		}
		if strings.Contains(fmt.Sprint(table.Rows), "PLANTED-SECRET") {
			t.Errorf("%q reads what is outside the views", text)
		}
	}
	t.Logf("%d statements, %d of them ran", n, ran)
	if n > 1000 && ran == 0 {
		t.Error("not one generated statement ran: the walls behind the first were not tested")
	}
	if after := fingerprint(t, s); after != before {
		t.Errorf("the database changed from\n%s\nto\n%s", before, after)
	}
	if _, err := os.Stat("/tmp/planted.db"); !errors.Is(err, os.ErrNotExist) {
		t.Error("a statement made a file")
	}
	if _, err := s.VerifyAudit(ctx); err != nil {
		t.Error(err)
	}
}

// fingerprint says what the store holds.
func fingerprint(t *testing.T, s *store.Store) string {
	t.Helper()
	ctx := context.Background()
	events, err := s.Events(ctx, store.Filter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := s.Accounts(ctx)
	if err != nil {
		t.Fatal(err)
	}
	trail, err := s.AuditTrail(ctx, store.AuditFilter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	totals, err := s.Totals(ctx, store.Last(72*time.Hour, time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal([]any{len(events), firstID(events), accounts, trail, totals})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func firstID(list []event.Event) string {
	if len(list) == 0 {
		return ""
	}
	return list[0].ID
}
