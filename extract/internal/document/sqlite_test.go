package document

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
)

// database makes a database by statements.
func database(tb testing.TB, statements ...string) []byte {
	tb.Helper()
	name := filepath.Join(tb.TempDir(), "a.db")
	db, err := sql.Open("sqlite", name)
	if err != nil {
		tb.Fatal(err)
	}
	for _, s := range statements {
		if _, err := db.ExecContext(tb.Context(), s); err != nil {
			tb.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		tb.Fatal(err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func TestSQLite(t *testing.T) {
	const table = "CREATE TABLE t(a, b, c)"
	long := strings.Repeat("word ", 4000)
	cases := map[string]struct {
		statements []string
		want       string
	}{
		"the words of two columns are two":       {[]string{table, "INSERT INTO t VALUES('Ann', '4111111111111111', 'AKIA')"}, "Ann\t4111111111111111\tAKIA\t\n"},
		"integers of every size":                 {[]string{table, "INSERT INTO t VALUES(4111111111111111, -2, 70000)", "INSERT INTO t VALUES(0, 1, 300)"}, "4111111111111111\t-2\t70000\t\n"},
		"nothing, one and a fraction":            {[]string{table, "INSERT INTO t VALUES(NULL, 'x', 2.5)"}, "\tx\t2.5\t\n"},
		"a value that takes many pages":          {[]string{table, "INSERT INTO t VALUES('" + long + "', 'end', 1)"}, long + "\tend\t"},
		"a small page":                           {[]string{"PRAGMA page_size=512", table, "INSERT INTO t VALUES('" + long + "', 'end', 7)"}, long + "\tend\t7\t\n"},
		"UTF-16":                                 {[]string{"PRAGMA encoding='UTF-16le'", table, "INSERT INTO t VALUES('Jörg', '4111', 5)"}, "Jörg\t4111\t5\t\n"},
		"UTF-16 the other way":                   {[]string{"PRAGMA encoding='UTF-16be'", table, "INSERT INTO t VALUES('Jörg', '4111', 5)"}, "Jörg\t4111\t5\t\n"},
		"a table without numbers of rows":        {[]string{"CREATE TABLE t(a PRIMARY KEY, b) WITHOUT ROWID", "INSERT INTO t VALUES('Ann', 4111)"}, "Ann\t4111\t\n"},
		"text in a blob":                         {[]string{table, "INSERT INTO t VALUES(x'00ff68656c6c6f2074686572651aff', 'b', 3)"}, "hello there\n\tb\t3\t\n"},
		"a row that was deleted":                 {[]string{table, "INSERT INTO t VALUES('a deleted row', 'b', 3)", "INSERT INTO t VALUES('x', 'y', 4)", "DELETE FROM t WHERE c=3"}, "a deleted row"},
		"a table that was deleted with its rows": {[]string{"PRAGMA secure_delete=off", table, "CREATE TABLE u(a)", "INSERT INTO t VALUES('a deleted table', 'b', 3)", "DROP TABLE t"}, "a deleted table"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWalk(t)
			w.file("", database(t, c.statements...), 0)
			var got bytes.Buffer
			for _, p := range w.result.Parts {
				got.Write(p.Text)
			}
			if w.result.Outcome != Complete || !strings.Contains(got.String(), c.want) {
				t.Errorf("outcome %s; not in the text of %d bytes: %.80q", w.result.Outcome, got.Len(), c.want)
			}
			if n := strings.Count(got.String(), c.want); n > 1 {
				t.Errorf("the row is there %d times", n)
			}
		})
	}
}

func FuzzSQLite(f *testing.F) {
	f.Add(database(f, "PRAGMA page_size=512", "CREATE TABLE t(a, b)", "CREATE INDEX i ON t(b)",
		"INSERT INTO t VALUES('"+strings.Repeat("word ", 400)+"', 'end'), (4111111111111111, 2.5)"))
	fuzzReader(f, func(w *walk, data []byte) { w.sqlite("", data) }, ".sqlite")
}
