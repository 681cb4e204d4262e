package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/sluice-dlp/sluice/config"
	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// reportFlags say what a report covers.
type reportFlags struct {
	since, until, app string
	limit             int
	asJSON            bool
}

// reports are the reports of the console, as lists of objects.
var reports = map[string]func(ctx context.Context, s *store.Store, p store.Period, o *reportFlags) (any, error){
	"apps": func(ctx context.Context, s *store.Store, p store.Period, o *reportFlags) (any, error) {
		return s.TopApps(ctx, p, store.ByEvents, o.limit)
	},
	"series": func(ctx context.Context, s *store.Store, p store.Period, o *reportFlags) (any, error) {
		return s.Series(ctx, p, 24*time.Hour, store.SeriesByStatus, o.app)
	},
	"users":     breakdown(store.Users),
	"groups":    breakdown(store.Groups),
	"sources":   breakdown(store.Sources),
	"devices":   breakdown(store.Devices),
	"countries": breakdown(store.Countries),
	"sites":     breakdown(store.Sites),
	"new": func(ctx context.Context, s *store.Store, p store.Period, o *reportFlags) (any, error) {
		return s.FirstSeen(ctx, p, o.limit)
	},
	"unapproved": func(ctx context.Context, s *store.Store, p store.Period, o *reportFlags) (any, error) {
		return s.UsersOfStatus(ctx, p, "unapproved", store.StatusNow, store.ByEvents, o.limit)
	},
	"unapproved-then": func(ctx context.Context, s *store.Store, p store.Period, o *reportFlags) (any, error) {
		return s.UsersOfStatus(ctx, p, "unapproved", store.StatusThen, store.ByEvents, o.limit)
	},
	"spikes": func(ctx context.Context, s *store.Store, p store.Period, _ *reportFlags) (any, error) {
		return s.Spikes(ctx, p.To, 0, 0)
	},
	"geography": func(ctx context.Context, s *store.Store, p store.Period, o *reportFlags) (any, error) {
		return s.Geography(ctx, p, 0, o.limit)
	},
	"coverage": func(ctx context.Context, s *store.Store, p store.Period, o *reportFlags) (any, error) {
		return s.Coverage(ctx, p, o.limit)
	},
	"matches": func(ctx context.Context, s *store.Store, p store.Period, o *reportFlags) (any, error) {
		return s.Matches(ctx, p, o.app, o.limit)
	},
	"precision": func(ctx context.Context, s *store.Store, p store.Period, _ *reportFlags) (any, error) {
		return s.Precisions(ctx, p)
	},
}

func breakdown(d store.Dimension) func(context.Context, *store.Store, store.Period, *reportFlags) (any, error) {
	return func(ctx context.Context, s *store.Store, p store.Period, o *reportFlags) (any, error) {
		return s.Breakdown(ctx, p, d, o.app, store.ByEvents, o.limit)
	}
}

func (a *app) eventsReportCommand() *cobra.Command {
	var o reportFlags
	names := strings.Join(slices.Sorted(maps.Keys(reports)), ", ")
	cmd := &cobra.Command{
		Use: "report NAME", Short: "Show one of the console's reports",
		Long:    "Show one of the console's reports: " + names + ".\nReports count whole hours or days (UTC), most requests first; spikes compare the day before --until with three weeks.",
		Example: "  sluice events report apps\n  sluice events report users --app chatgpt --since 7d --json",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			report := reports[args[0]]
			if report == nil {
				return usageError{fmt.Errorf("no report %q: want one of %s", args[0], names)}
			}
			p, err := o.period(time.Now())
			if err != nil {
				return err
			}
			return a.withStore(cmd, func(ctx context.Context, _ *config.File, s *store.Store) error {
				list, err := report(ctx, s, p, &o)
				if err != nil {
					return err
				}
				return writeObjects(cmd.OutOrStdout(), list, o.asJSON)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.since, "since", "30d", "time (2026-11-23T09:00:00Z), day in UTC, or a length of time back: 24h, 7d")
	flags.StringVar(&o.until, "until", "", "the same; default now")
	flags.StringVar(&o.app, "app", "", "only this app id, where the report can: series, matches and what breaks use down")
	limitVar(flags, &o.limit, 20, 1, "at most this many rows")
	flags.BoolVar(&o.asJSON, "json", false, "one JSON object a line")
	return cmd
}

func (o *reportFlags) period(now time.Time) (store.Period, error) {
	var p store.Period
	var err error
	if p.From, err = event.ParseTime(o.since, now); err != nil {
		return p, usageError{fmt.Errorf("--since: %w", err)}
	}
	if p.To, err = event.ParseTime(o.until, now); err != nil {
		return p, usageError{fmt.Errorf("--until: %w", err)}
	}
	if p.To.IsZero() {
		p.To = now
	}
	if !p.From.Before(p.To) {
		return p, usageError{errors.New("--since is not before --until")}
	}
	return p, nil
}

// writeObjects writes a list of flat objects, one a line: as JSON, or as a table whose columns
// are the fields of the first.
func writeObjects(w io.Writer, list any, asJSON bool) error {
	b, err := json.Marshal(list)
	if err != nil {
		return err
	}
	var rows []json.RawMessage
	if err := json.Unmarshal(b, &rows); err != nil {
		return err
	}
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for i, row := range rows {
		if asJSON {
			if _, err := fmt.Fprintf(w, "%s\n", row); err != nil {
				return err
			}
			continue
		}
		names, values, err := fields(row)
		if err != nil {
			return err
		}
		if i == 0 {
			fmt.Fprintln(table, strings.ToUpper(strings.Join(names, "\t")))
		}
		fmt.Fprintln(table, strings.Join(values, "\t"))
	}
	return table.Flush()
}

// fields returns the names and values of a flat object, in its order.
func fields(object []byte) (names, values []string, err error) {
	dec := json.NewDecoder(bytes.NewReader(object))
	dec.UseNumber()
	if _, err := dec.Token(); err != nil { // {
		return nil, nil, err
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, nil, err
		}
		value, err := dec.Token()
		if err != nil {
			return nil, nil, err
		}
		text := fmt.Sprint(value)
		if strings.ContainsFunc(text, unicode.IsControl) { // a stranger chose it
			text = strconv.Quote(text)
		}
		names, values = append(names, fmt.Sprint(name)), append(values, text)
	}
	return names, values, nil
}
