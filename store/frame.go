package store

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// frame is rows for one roll-up table, column by column, ready for either database.
// The first keys columns are the primary key; the others are added to what is there.
type frame struct {
	table   string
	columns []column
	keys    int
}

// column holds numbers or texts.
type column struct {
	name  string
	ints  []int64
	texts []string
}

func ints(name string, list []int64) column   { return column{name: name, ints: list} }
func texts(name string, list []string) column { return column{name: name, texts: list} }

func (c *column) len() int { return max(len(c.ints), len(c.texts)) }

func (c *column) at(i int) any {
	if c.texts != nil {
		return c.texts[i]
	}
	return c.ints[i]
}

func (f *frame) names() string {
	list := make([]string, len(f.columns))
	for i := range f.columns {
		list[i] = f.columns[i].name
	}
	return strings.Join(list, ", ")
}

// conflict adds to the row that is there.
func (f *frame) conflict() string {
	var keys, sets []string
	for i := range f.columns {
		n := f.columns[i].name
		if i < f.keys {
			keys = append(keys, n)
		} else {
			sets = append(sets, n+" = "+f.table+"."+n+" + excluded."+n)
		}
	}
	return " ON CONFLICT (" + strings.Join(keys, ", ") + ") DO UPDATE SET " + strings.Join(sets, ", ")
}

// toPostgres upserts the frame in one statement.
func (f *frame) toPostgres(ctx context.Context, tx pgx.Tx) error {
	if f.columns[0].len() == 0 {
		return nil
	}
	args := make([]any, len(f.columns))
	from := make([]string, len(f.columns))
	for i := range f.columns {
		c := &f.columns[i]
		if c.texts != nil {
			args[i], from[i] = c.texts, placeholders(i+1, 1)+"::text[]"
		} else {
			args[i], from[i] = c.ints, placeholders(i+1, 1)+"::bigint[]"
		}
	}
	text := "INSERT INTO " + f.table + " (" + f.names() + ") SELECT * FROM unnest(" + strings.Join(from, ", ") + ")" + f.conflict()
	_, err := tx.Exec(ctx, text, args...)
	return err
}

// frameChunk is how many rows one statement of SQLite takes.
const frameChunk = 24

// toSQLite upserts the frame in statements of frameChunk rows and of one row, so that two
// texts a table are enough.
func (f *frame) toSQLite(ctx context.Context, tx *sqliteTx) error {
	group := "(" + strings.Join(slices.Repeat([]string{"?"}, len(f.columns)), ",") + ")"
	head, tail := "INSERT INTO "+f.table+" ("+f.names()+") VALUES ", f.conflict()
	many := head + strings.Join(slices.Repeat([]string{group}, frameChunk), ",") + tail
	n := f.columns[0].len()
	args := make([]any, 0, frameChunk*len(f.columns))
	for from := 0; from < n; {
		text, rows := head+group+tail, 1
		if n-from >= frameChunk {
			text, rows = many, frameChunk
		}
		args = args[:0]
		for i := range rows {
			for c := range f.columns {
				args = append(args, f.columns[c].at(from+i))
			}
		}
		if err := tx.exec(ctx, text, args...); err != nil {
			return err
		}
		from += rows
	}
	return nil
}
