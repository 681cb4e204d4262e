package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Exploration is one question to the explorer: a SELECT on its [Views]. Placeholders are
// $1, $2, …; a time is bound as time.Time.
type Exploration struct {
	SQL    string
	Args   []any
	Costly bool // Postgres: run it although the planner thinks that it is expensive
	Names  bool // whoever asks may see names; else people and devices are ~17, and there are no addresses
}

// Table is an answer of the explorer. Cells are nil, bool, int64, float64, string or
// time.Time.
type Table struct {
	Columns   []string      `json:"columns"`
	Rows      [][]any       `json:"rows"`
	Truncated bool          `json:"truncated"` // there is more than the explorer gives
	Cost      float64       `json:"cost"`      // the planner's estimate; 0 with SQLite
	Took      time.Duration `json:"took"`
}

// Limits of an answer.
const (
	exploreRows  = 10_000
	exploreBytes = 8 << 20
	exploreTime  = 5 * time.Second
	exploreCost  = 200_000
)

// ErrExplorer says that the explorer is not available; the text says what to do.
var ErrExplorer = errors.New("the explorer is not available")

// Explore answers one question. Statements that are not plain reads of views are
// [ErrRefused]; so is one that Postgres thinks too expensive. It takes at most five
// seconds, 10,000 rows and 8 MiB.
//
// Both databases are guarded twice. The statement's text is checked first; then Postgres
// runs it as a role that may only read the views, in a read-only transaction, on a pool of
// its own, and SQLite on a read-only connection whose authorizer knows only the views.
func (s *Store) Explore(ctx context.Context, x Exploration) (Table, error) {
	if err := checkStatement(x.SQL); err != nil {
		return Table{}, fmt.Errorf("explore: %w", err)
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, exploreTime)
	defer cancel()
	var t Table
	var err error
	if s.pool == nil {
		t, err = s.exploreLocal(ctx, x)
	} else {
		t, err = s.explorePostgres(ctx, x)
	}
	t.Took = time.Since(began)
	if err != nil && ctx.Err() != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("%w: it takes longer than %s", ErrRefused, exploreTime)
	}
	if err != nil {
		return t, fmt.Errorf("explore: %w", err)
	}
	return t, nil
}

// readTable reads rows up to the limits.
func readTable(rows *sql.Rows) (Table, error) {
	t := Table{Rows: [][]any{}}
	var err error
	if t.Columns, err = rows.Columns(); err != nil {
		return t, err
	}
	size := 0
	for rows.Next() {
		if len(t.Rows) >= exploreRows || size >= exploreBytes {
			t.Truncated = true
			return t, nil
		}
		row := make([]any, len(t.Columns))
		dest := make([]any, len(row))
		for i := range row {
			dest[i] = &row[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return t, err
		}
		for i, v := range row {
			row[i] = cell(v)
			if text, ok := row[i].(string); ok {
				size += len(text)
			}
			size += 16
		}
		t.Rows = append(t.Rows, row)
	}
	return t, rows.Err()
}

// cell brings what drivers return to the few types of a Table.
func cell(v any) any {
	switch v := v.(type) {
	case nil, bool, int64, float64, string:
		return v
	case time.Time:
		return v.UTC()
	case []byte:
		return string(v)
	case int32:
		return int64(v)
	case int16:
		return int64(v)
	case float32:
		return float64(v)
	}
	return fmt.Sprint(v)
}

// View is a view of the explorer.
type View struct {
	Name    string `json:"name"`
	About   string `json:"about"`
	Columns string `json:"columns"`
}

const measureNames = "events prompts uploads matched stopped bytes_out bytes_in"

// Views returns what the explorer can read. In Postgres ts, first, at, created and expires
// are timestamptz, in SQLite microseconds since 1970; hours and days are counted from 1970.
func Views() []View {
	return []View{
		{"events", "every event", "ts time id node user_name groups actor account_kind ip country site device app category status source activity visibility method host path bytes_out bytes_in action would mode rule findings detectors gaps latency_us requests"},
		{"matches", "what detectors found, one row per detector and part of an event", "ts time event user_name app category status action detector severity confidence findings part role"},
		{"usage", "requests by hour, person, device, address, country and app; also those without an event", "hour ts user_name device ip country app status " + measureNames},
		{"hours", "requests by hour, app and action: answers quickest where people do not matter", "hour ts app status action " + measureNames},
		{"detections", "findings by day, app, profile and detector", "day app profile detector severity confidence action findings events"},
		{"places", "requests by day, country, site and app", "day country site app status " + measureNames},
		{"coverage", "how much was inspected, by day and app; passed is 1 for what was let through", "day app visibility source gap passed events bytes_out"},
		{"apps", "every app seen, with its status now", "app name category status first"},
		{"status_changes", "the history of statuses", "app status note by_user ts"},
		{"exceptions", "who may do what until when", "id user_name app subject state created expires decided_by"},
		{"reviews", "the triage of events", "event ts app detectors state assignee by_user at"},
	}
}

func viewNames() map[string]bool {
	names := map[string]bool{}
	for _, v := range Views() {
		names[v.Name] = true
	}
	return names
}

// firstLine keeps the database's own words short.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
