package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/internal/blackbox/pgtest"
)

// The second wall holds without the first: these never meet checkStatement.
func TestExplorerWithoutItsFirstWall(t *testing.T) {
	file := filepath.Join(t.TempDir(), "planted")
	common := []string{
		`DELETE FROM event`, `SELECT * FROM account`, `SELECT secret FROM account`, `SELECT * FROM audit`, `SELECT sealed FROM event`, `DROP TABLE event`,
		`CREATE TABLE t (x int)`, `CREATE TEMP TABLE t (x int)`, `INSERT INTO app_status SELECT * FROM app_status`, `UPDATE config_version SET version = 9`,
		`WITH x AS (SELECT 1) DELETE FROM event`, `SELECT * FROM goose_db_version`, `CREATE VIEW v AS SELECT 1`, `DROP VIEW events`, `REINDEX`,
		`SELECT * FROM events, account`, `SELECT (SELECT secret FROM account LIMIT 1) FROM events`, `SELECT 1 UNION SELECT secret FROM account`,
	}
	cases := map[string]struct {
		options    Options
		run        func(*Store, context.Context, Exploration) (Table, error)
		statements []string
	}{
		"sqlite": {Options{}, (*Store).exploreLocal, []string{
			`ATTACH '` + file + `' AS x`, `VACUUM INTO '` + file + `'`, `VACUUM`, `PRAGMA query_only = 0`, `PRAGMA query_only`, `PRAGMA writable_schema = 1`,
			`SELECT * FROM sqlite_master`, `SELECT * FROM sqlite_temp_master`, `SELECT * FROM pragma_table_info('event')`, `SELECT * FROM json_each('[1]')`,
			`SELECT load_extension('x')`, `SELECT randomblob(1000000000)`, `SELECT zeroblob(1000000)`, `SELECT printf('%.*c', 100000000, 'x')`,
			`WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT COUNT(*) FROM x`, `BEGIN IMMEDIATE`, `SAVEPOINT x`, `DETACH main`, `ANALYZE`,
			`SELECT * FROM main.events`, `SELECT * FROM main.event`, `SELECT group_concat(path) FROM events`, `SELECT sqlite_version()`,
		}},
		"postgres": {Options{URL: "-"}, (*Store).explorePostgres, []string{
			`SELECT 1; DELETE FROM event`, `SELECT secret FROM public.explorer_role`, `SELECT rolpassword FROM pg_authid`, `SELECT pg_read_file('/etc/passwd')`,
			`SELECT lo_import('/etc/passwd')`, `SELECT pg_ls_dir('/')`, `COPY (SELECT 1) TO '` + file + `'`, `COPY (SELECT 1) TO PROGRAM 'id'`, `DO $$ BEGIN END $$`,
			`SELECT pg_advisory_lock(1)`, `SELECT pg_notify('sluice_config', '1')`, `SELECT set_config('role', 'postgres', false)`, `SET ROLE postgres`, `SELECT pg_sleep(30)`,
			`SELECT * FROM public.event`, `SELECT * FROM event`, `SELECT user_name FROM explore.events`, `SELECT name FROM public.person`, `SELECT * INTO t FROM explore.events`, `SELECT * FROM explore.events FOR UPDATE`, `SELECT count(*) FROM generate_series(1, 100000000000)`,
			`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'`, `ALTER ROLE postgres NOLOGIN`, `CREATE ROLE x SUPERUSER`, `NOTIFY sluice_config`,
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			o := c.options
			o.DataDir = t.TempDir()
			if o.URL != "" {
				o.URL = pgtest.Start(t).Database(t)
			}
			s, err := Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := s.PutAccount(t.Context(), Account{Name: "ann", Role: "admin", Secret: "planted"}, "root"); err != nil {
				t.Fatal(err)
			}
			if _, err := c.run(s, t.Context(), Exploration{SQL: `SELECT COUNT(*) FROM events`}); err != nil {
				t.Fatalf("what is allowed: %v", err)
			}
			for _, text := range append(common, c.statements...) {
				ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
				began := time.Now()
				_, err := c.run(s, ctx, Exploration{SQL: text, Costly: true})
				cancel()
				if took := time.Since(began); took > 7*time.Second {
					t.Errorf("%s took %s", text, took)
				}
				if err == nil || !errors.Is(err, ErrRefused) && !strings.Contains(err.Error(), "interrupt") {
					t.Errorf("%s: %v, want a refusal", text, err)
				}
			}
			if n, err := s.VerifyAudit(t.Context()); err != nil || n != 1 {
				t.Errorf("audit trail: %d lines, %v; want 1", n, err)
			}
			if v, err := configVersion(t.Context(), s.db); err != nil || v != 1 {
				t.Errorf("config version %d, %v; want 1", v, err)
			}
		})
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Error("a statement made a file")
	}
}

func FuzzCheckStatement(f *testing.F) {
	for _, text := range []string{
		`SELECT user_name, COUNT(*) FROM events GROUP BY user_name`, `WITH x AS (SELECT 1) SELECT * FROM x`, `SELECT 'it''s' || "a""b" -- x`,
		`SELECT $1::text /* c */ ;`, `SELECT 1; DELETE FROM event`, `SELECT pg_sleep(1)`, "SELECT \x00", `SELECT U&"x"`,
	} {
		f.Add(text)
	}
	for _, one := range Investigations() {
		f.Add(one.SQL)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if checkStatement(text) != nil {
			return
		}
		tokens, err := lexSQL(text)
		if err != nil {
			t.Fatalf("accepted, yet not to be taken apart: %v", err)
		}
		for i, tok := range tokens {
			if tok.kind == sqlSign && tok.text == ";" && i+1 < len(tokens) && tokens[i+1].text != ";" {
				t.Fatal("accepted with a second statement")
			}
			if tok.kind == sqlWord && (tok.text == "delete" || tok.text == "insert" || tok.text == "attach") {
				t.Fatalf("accepted with %q", tok.text)
			}
		}
	})
}
