package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// maxInterned bounds the names an interner remembers; it forgets all when it is full.
const maxInterned = 1 << 17

// internChunk is how many names one statement takes.
const internChunk = 2000

// interner gives names numbers, kept in a table; any number of nodes may do so at once. It
// commits before the numbers are used: a number without a use does no harm.
type interner struct {
	kind internKind

	mu    sync.Mutex
	known map[string]int32
}

// internKind says where names are kept. key is the column that is unique.
type internKind struct {
	table, key string
	keyOf      func(name string) string
	// add returns the numbers of those that were not there.
	add func(ctx context.Context, tx *sql.Tx, names []string) (map[string]int32, error)
}

// The kinds of names. A set of groups is named by its sorted JSON array.
func internPeople() internKind  { return internNames("person") }
func internDevices() internKind { return internNames("device") }

func internNames(table string) internKind {
	return internKind{table: table, key: "name", keyOf: itself, add: func(ctx context.Context, tx *sql.Tx, names []string) (map[string]int32, error) {
		args := make([]any, len(names))
		for i, n := range names {
			args[i] = n
		}
		rows := strings.ReplaceAll(placeholders(1, len(names)), ",", "), (")
		return readIDs(tx.QueryContext(ctx, `INSERT INTO `+table+` (name) VALUES (`+rows+`) ON CONFLICT DO NOTHING RETURNING id, name`, args...))
	}}
}

func internGroups() internKind {
	return internKind{table: "group_set", key: "digest", keyOf: digest, add: addGroups}
}

func addGroups(ctx context.Context, tx *sql.Tx, sets []string) (map[string]int32, error) {
	added := make(map[string]int32, len(sets))
	for _, names := range sets {
		id, err := addGroupSet(ctx, tx, names)
		if err != nil {
			return nil, err
		}
		if id != 0 {
			added[names] = id
		}
	}
	return added, nil
}

// addGroupSet returns 0 when another node was faster, and adds the members.
func addGroupSet(ctx context.Context, tx *sql.Tx, names string) (id int32, err error) {
	var groups []string
	if err := json.Unmarshal([]byte(names), &groups); err != nil {
		return 0, fmt.Errorf("groups of an event: %w", err)
	}
	err = tx.QueryRowContext(ctx, `INSERT INTO group_set (digest, names) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id`,
		digest(names), names).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	for _, g := range groups {
		if _, err := tx.ExecContext(ctx, `INSERT INTO group_member (set_id, grp) VALUES ($1, $2) ON CONFLICT DO NOTHING`, id, g); err != nil {
			return 0, err
		}
	}
	return id, nil
}

// readIDs reads a number and a name a row.
func readIDs(rows *sql.Rows, err error) (map[string]int32, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	ids := map[string]int32{}
	for rows.Next() {
		var id int32
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			return nil, err
		}
		ids[name] = id
	}
	return ids, rows.Err()
}

func itself(name string) string { return name }

func digest(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])
}

func newInterner(k internKind) *interner { return &interner{kind: k, known: map[string]int32{}} }

// forget drops what is remembered.
func (in *interner) forget() {
	in.mu.Lock()
	defer in.mu.Unlock()
	clear(in.known)
}

// ids returns the number of each name.
func (in *interner) ids(ctx context.Context, db *sql.DB, names []string) ([]int32, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.known) > maxInterned {
		clear(in.known)
	}
	ids := make([]int32, len(names))
	var missing []string
	var at []int // of names that are missing
	for i, name := range names {
		id, ok := in.known[name]
		if ids[i] = id; !ok {
			missing, at = append(missing, name), append(at, i)
		}
	}
	slices.Sort(missing) // all nodes in one order: no deadlock
	for part := range slices.Chunk(slices.Compact(missing), internChunk) {
		if err := in.learn(ctx, db, part); err != nil {
			return nil, err
		}
	}
	for _, i := range at {
		ids[i] = in.known[names[i]]
	}
	return ids, nil
}

// learn looks names up, and adds those that are new.
func (in *interner) learn(ctx context.Context, db *sql.DB, names []string) error {
	for range 3 { // a name may be added by another node, or erased, in between
		if err := in.lookUp(ctx, db, names); err != nil {
			return err
		}
		if names = in.unknown(names); len(names) == 0 {
			return nil
		}
		if err := in.insert(ctx, db, names); err != nil {
			return err
		}
		if names = in.unknown(names); len(names) == 0 {
			return nil
		}
	}
	return fmt.Errorf("%s: a name was not kept", in.kind.table)
}

func (in *interner) unknown(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { _, ok := in.known[n]; return ok })
}

func (in *interner) lookUp(ctx context.Context, db *sql.DB, names []string) error {
	byKey := make(map[string]string, len(names))
	args := make([]any, 0, len(names))
	for _, n := range names {
		k := in.kind.keyOf(n)
		byKey[k] = n
		args = append(args, k)
	}
	ids, err := readIDs(db.QueryContext(ctx, `SELECT id, `+in.kind.key+` FROM `+in.kind.table+` WHERE `+in.kind.key+` IN (`+placeholders(1, len(args))+`)`, args...))
	for key, id := range ids {
		in.known[strings.Clone(byKey[key])] = id // the name is part of a whole row
	}
	return err
}

// insert remembers what it added once that is committed.
func (in *interner) insert(ctx context.Context, db *sql.DB, names []string) error {
	var added map[string]int32
	err := inTx(ctx, db, func(tx *sql.Tx) (err error) {
		added, err = in.kind.add(ctx, tx, names)
		return err
	})
	if err != nil {
		return err
	}
	for name, id := range added {
		in.known[strings.Clone(name)] = id
	}
	return nil
}

// placeholders returns $first, … for n values.
func placeholders(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("$" + strconv.Itoa(first+i))
	}
	return b.String()
}
