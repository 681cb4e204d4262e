package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-dlp/sluice/classify"
	"github.com/sluice-dlp/sluice/config"
	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/export"
	"github.com/sluice-dlp/sluice/policy"
	"github.com/sluice-dlp/sluice/store"
)

func (a *app) eventsCommand() *cobra.Command {
	return group("events", "What happened", a.eventsListCommand(), a.eventsShowCommand(), a.eventsExportCommand(), a.eventsReportCommand(), a.eventsRevealCommand())
}

// eventFlags select events.
type eventFlags struct {
	filter       store.Filter
	since, until string
}

func (o *eventFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.since, "since", "", "time (2026-11-23T09:00:00Z), day in UTC, or a length of time back: 24h, 7d")
	flags.StringVar(&o.until, "until", "", "the same")
	flags.StringVar(&o.filter.User, "user", "", "only this user")
	flags.StringVar(&o.filter.App, "app", "", "only this app id")
	flags.StringVar(&o.filter.Action, "action", "", "only this action")
	flags.StringVar(&o.filter.Activity, "activity", "", "only this activity")
	flags.StringVar(&o.filter.Detector, "detector", "", "only with a match of this detector")
}

func (o *eventFlags) parse(now time.Time) error {
	var err error
	if o.filter.Action != "" {
		if _, err := policy.ParseAction(o.filter.Action); err != nil {
			return usageError{fmt.Errorf("--action: %w", err)}
		}
	}
	if known := classify.Activities(); o.filter.Activity != "" && !slices.Contains(known, o.filter.Activity) {
		return usageError{fmt.Errorf("--activity %q: want one of %s", o.filter.Activity, strings.Join(known, ", "))}
	}
	if o.filter.Since, err = event.ParseTime(o.since, now); err != nil {
		return usageError{fmt.Errorf("--since: %w", err)}
	}
	if o.filter.Until, err = event.ParseTime(o.until, now); err != nil {
		return usageError{fmt.Errorf("--until: %w", err)}
	}
	if !o.filter.Until.IsZero() && o.filter.Since.After(o.filter.Until) {
		return usageError{errors.New("--since is later than --until; a length of time is one back from now, so that --since is the longer one")}
	}
	return nil
}

// each calls f for every event that the flags select, newest first, page by page.
func (o *eventFlags) each(ctx context.Context, s *store.Store, limit int, f func(event.Event) error) error {
	const page = 500
	filter := o.filter
	for n := 0; limit <= 0 || n < limit; {
		filter.Limit = page
		if limit > 0 {
			filter.Limit = min(page, limit-n)
		}
		list, err := s.Events(ctx, filter)
		if err != nil {
			return err
		}
		for _, e := range list {
			if err := f(e); err != nil {
				return err
			}
		}
		if len(list) < filter.Limit {
			return nil
		}
		n += len(list)
		filter.Before = list[len(list)-1].ID
	}
	return nil
}

func (a *app) eventsListCommand() *cobra.Command {
	var o eventFlags
	var most int
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List events, newest first",
		Example: "  sluice events list --action block --since 24h\n  sluice events list --json",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.parse(time.Now()); err != nil {
				return err
			}
			return a.withStore(cmd, func(ctx context.Context, _ *config.File, s *store.Store) error {
				if asJSON {
					enc := newLineEncoder(cmd)
					return o.each(ctx, s, most, func(e event.Event) error { return enc.Encode(e) })
				}
				table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
				defer table.Flush()
				fmt.Fprintln(table, "TIME\tID\tUSER\tAPP\tACTIVITY\tACTION\tMATCHES")
				return o.each(ctx, s, most, func(e event.Event) error {
					_, err := fmt.Fprintln(table, strings.Join(eventRow(e), "\t"))
					return err
				})
			})
		},
	}
	o.register(cmd)
	limitVar(cmd.Flags(), &most, 50, 0, "at most this many; 0 for all")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func newLineEncoder(cmd *cobra.Command) *json.Encoder {
	enc := json.NewEncoder(cmd.OutOrStdout())
	enc.SetEscapeHTML(false)
	return enc
}

func eventRow(e event.Event) []string {
	var found []string
	for _, m := range e.Matches {
		found = append(found, m.Detector+" "+strings.Join(m.Masked, " "))
	}
	for _, g := range e.Gaps {
		found = append(found, "not inspected: "+g)
	}
	return []string{e.Time.UTC().Format(time.RFC3339), e.ID, e.User, e.App.ID, e.Activity, e.Decision.Action, strings.Join(found, "; ")}
}

func (a *app) eventsShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show one event as JSON",
		Example: "  sluice events show 0193e5a0-7c1f-7b3e-9a55-2f6d1c0b8e44",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withStore(cmd, func(ctx context.Context, _ *config.File, s *store.Store) error {
				e, err := s.Event(ctx, args[0])
				if errors.Is(err, store.ErrNotFound) {
					return fmt.Errorf("no event %q; see 'sluice events list'", args[0])
				}
				if err != nil {
					return err
				}
				enc := newLineEncoder(cmd)
				enc.SetIndent("", "  ")
				return enc.Encode(e)
			})
		},
	}
}

func (a *app) eventsExportCommand() *cobra.Command {
	var o eventFlags
	var format string
	cmd := &cobra.Command{
		Use: "export", Short: "Write events for other programs, newest first",
		Example: "  sluice events export --since 7d --format csv > events.csv",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.parse(time.Now()); err != nil {
				return err
			}
			export, ok := map[string]func(context.Context, *cobra.Command, *store.Store, *eventFlags) error{
				"jsonl": exportLines, "ndjson": exportLines, // two names of one format; the HTTP API takes both, too
				"csv": exportCSV, "ocsf": exportOCSF,
			}[format]
			if !ok {
				return usageError{fmt.Errorf("--format %q: want jsonl, csv or ocsf", format)}
			}
			return a.withStore(cmd, func(ctx context.Context, _ *config.File, s *store.Store) error {
				return export(ctx, cmd, s, &o)
			})
		},
	}
	o.register(cmd)
	cmd.Flags().StringVar(&format, "format", "jsonl", "jsonl (or ndjson), csv or ocsf")
	return cmd
}

func exportLines(ctx context.Context, cmd *cobra.Command, s *store.Store, o *eventFlags) error {
	enc := newLineEncoder(cmd)
	return o.each(ctx, s, 0, func(e event.Event) error { return enc.Encode(e) })
}

func exportCSV(ctx context.Context, cmd *cobra.Command, s *store.Store, o *eventFlags) error {
	w := csv.NewWriter(cmd.OutOrStdout())
	if err := w.Write(event.CSVColumns()); err != nil {
		return err
	}
	err := o.each(ctx, s, 0, func(e event.Event) error { return w.Write(e.CSVRow()) })
	w.Flush()
	return errors.Join(err, w.Error())
}

func exportOCSF(ctx context.Context, cmd *cobra.Command, s *store.Store, o *eventFlags) error {
	return o.each(ctx, s, 0, func(e event.Event) error {
		line, err := export.OCSF(&e)
		if err != nil {
			return err
		}
		_, err = cmd.OutOrStdout().Write(append(line, '\n'))
		return err
	})
}
