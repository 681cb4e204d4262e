package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-dlp/sluice/config"
	"github.com/sluice-dlp/sluice/store"
)

// exceptions is the set that the request path asks; a new one takes its place as a whole.
type exceptions struct {
	now atomic.Pointer[store.ExceptionSet]
}

// Excepted implements reqmod.Exceptions.
func (x *exceptions) Excepted(user, ip, app string, now time.Time) map[string]string {
	return x.now.Load().Excepted(user, ip, app, now)
}

func (x *exceptions) read(ctx context.Context, s *store.Store) error {
	list, err := s.ActiveExceptions(ctx, time.Now())
	if err != nil {
		return fmt.Errorf("read exceptions: %w", err)
	}
	x.now.Store(store.NewExceptionSet(list))
	return nil
}

func (a *app) exceptionsCommand() *cobra.Command {
	return group("exceptions", "What people may do for a time", a.exceptionsListCommand(), a.exceptionsRevokeCommand())
}

func (a *app) exceptionsListCommand() *cobra.Command {
	var f store.ExceptionFilter
	var state string
	var all, asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List exceptions, newest first",
		Example: "  sluice exceptions list\n  sluice exceptions list --all --json",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.State = store.ExceptionState(state)
			if f.State != "" && !slices.Contains(store.ExceptionStates(), f.State) {
				return usageError{fmt.Errorf("--state %q: want pending, active, denied or revoked", state)}
			}
			if !all {
				f.ValidAt = time.Now()
			}
			return a.withStore(cmd, func(ctx context.Context, _ *config.File, s *store.Store) error {
				return printExceptions(ctx, cmd, s, f, asJSON)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.User, "user", "", "only of this user")
	flags.StringVar(&f.App, "app", "", "only for this app id")
	flags.StringVar(&state, "state", "", "only pending, active, denied or revoked ones")
	limitVar(flags, &f.Limit, 100, 1, "at most this many")
	flags.BoolVar(&all, "all", false, "also those that have run out")
	flags.BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func printExceptions(ctx context.Context, cmd *cobra.Command, s *store.Store, f store.ExceptionFilter, asJSON bool) error {
	list, err := s.Exceptions(ctx, f)
	if err != nil {
		return err
	}
	enc := newLineEncoder(cmd)
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	defer table.Flush()
	if !asJSON {
		fmt.Fprintln(table, "ID\tUSER\tAPP\tFOR\tSTATE\tEXPIRES\tJUSTIFICATION")
	}
	for _, x := range list {
		who := x.User
		if who == "" {
			who = x.IP
		}
		if asJSON {
			if err := enc.Encode(x); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", x.ID, who, x.App, x.Subject, x.State, x.Expires.UTC().Format(time.RFC3339), x.Justification)
	}
	return nil
}

func (a *app) exceptionsRevokeCommand() *cobra.Command {
	var note string
	cmd := &cobra.Command{
		Use: "revoke ID", Short: "End an exception before its time, or refuse one that waits for approval",
		Example: "  sluice exceptions revoke 0193e5a0-7c1f-7b3e-9a55-2f6d1c0b8e44 --note 'project is over'",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withStore(cmd, func(ctx context.Context, _ *config.File, s *store.Store) error {
				err := s.RevokeException(ctx, args[0], operator(), note)
				if errors.Is(err, store.ErrNotFound) {
					err = s.DecideException(ctx, args[0], false, operator(), note)
				}
				if errors.Is(err, store.ErrNotFound) {
					return fmt.Errorf("no active exception %q, and none that waits for approval; see 'sluice exceptions list'", args[0])
				}
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.ErrOrStderr(), "exception %s is revoked\n", args[0])
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&note, "note", "", "why, for the history")
	return cmd
}
