package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/user"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-dlp/sluice/classify"
	"github.com/sluice-dlp/sluice/config"
	"github.com/sluice-dlp/sluice/policy"
	"github.com/sluice-dlp/sluice/store"
)

// withStore opens the store for one command.
func (a *app) withStore(cmd *cobra.Command, f func(ctx context.Context, c *config.File, s *store.Store) error) error {
	c, err := a.settings(cmd)
	if err != nil {
		return err
	}
	s, err := store.Open(cmd.Context(), c.StoreOptions(logger(cmd, c)))
	if err != nil {
		return err
	}
	defer s.Close()
	return f(cmd.Context(), c, s)
}

// listedApp is one line of `sluice apps list --json`.
type listedApp struct {
	ID         string        `json:"id"`
	Name       string        `json:"name"`
	Vendor     string        `json:"vendor"`
	Category   string        `json:"category"`
	Visibility string        `json:"visibility"`
	Status     policy.Status `json:"status"`
	By         string        `json:"by,omitempty"`
	At         time.Time     `json:"at,omitzero"`
	Note       string        `json:"note,omitempty"`
}

func (a *app) appsCommand() *cobra.Command {
	return group("apps", "Approval statuses of AI apps", a.appsListCommand(), a.appsShowCommand(), a.appsStatusCommand(), a.appsExportCommand())
}

func (a *app) appsListCommand() *cobra.Command {
	var asJSON bool
	var status string
	cmd := &cobra.Command{
		Use: "list", Short: "List the catalogue with approval statuses",
		Example: "  sluice apps list\n  sluice apps list --status unapproved --json",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if status != "" {
				if _, err := policy.ParseStatus(status); err != nil {
					return usageError{fmt.Errorf("--status: %w", err)}
				}
			}
			return a.withStore(cmd, func(ctx context.Context, c *config.File, s *store.Store) error {
				list, err := listApps(ctx, c, s)
				if err != nil {
					return err
				}
				return printApps(cmd, list, policy.Status(status), asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	cmd.Flags().StringVar(&status, "status", "", "only apps of this status")
	return cmd
}

func listApps(ctx context.Context, c *config.File, s *store.Store) ([]listedApp, error) {
	catalogue, err := loadCatalogue(c)
	if err != nil {
		return nil, err
	}
	set, err := s.Statuses(ctx)
	if err != nil {
		return nil, err
	}
	var list []listedApp
	for _, app := range catalogue.Apps() {
		list = append(list, listed(app, set))
		delete(set, app.ID)
	}
	for id, st := range set { // apps found by shape, or of a catalogue that is gone
		list = append(list, listedApp{ID: id, Name: id, Status: st.Status, By: st.By, At: st.At, Note: st.Note})
	}
	return list, nil
}

func listed(app *classify.App, set map[string]store.AppStatus) listedApp {
	l := listedApp{ID: app.ID, Name: app.Name, Vendor: app.Vendor, Category: app.Category, Visibility: app.Visibility, Status: policy.Status(app.Status)}
	if st, ok := set[app.ID]; ok {
		l.Status, l.By, l.At, l.Note = st.Status, st.By, st.At, st.Note
	}
	l.Status = l.Status.OrUnreviewed()
	return l
}

func printApps(cmd *cobra.Command, list []listedApp, only policy.Status, asJSON bool) error {
	enc := json.NewEncoder(cmd.OutOrStdout())
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	defer table.Flush()
	for _, l := range list {
		switch {
		case only != "" && l.Status != only:
		case asJSON:
			if err := enc.Encode(l); err != nil {
				return err
			}
		default:
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", l.ID, l.Status, l.Category, l.Name)
		}
	}
	return nil
}

func (a *app) appsShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show one app as JSON: hosts, endpoints, status and its history",
		Example: "  sluice apps show chatgpt",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withStore(cmd, func(ctx context.Context, c *config.File, s *store.Store) error {
				catalogue, err := loadCatalogue(c)
				if err != nil {
					return err
				}
				history, err := s.StatusHistory(ctx, args[0])
				if err != nil {
					return err
				}
				app, ok := catalogue.App(args[0])
				if !ok && len(history) == 0 {
					return unknownApp(args[0])
				}
				if !ok { // recognised by its shape
					app = &classify.App{ID: args[0], Name: args[0]}
				}
				set, err := s.Statuses(ctx)
				if err != nil {
					return err
				}
				enc := json.NewEncoder(cmd.OutOrStdout())
				enc.SetIndent("", "  ")
				return enc.Encode(struct {
					listedApp
					Country   string               `json:"country,omitempty"`
					Hosts     []classify.Host      `json:"hosts"`
					Endpoints []*classify.Endpoint `json:"endpoints"`
					History   []store.AppStatus    `json:"history"`
				}{listed(app, set), app.Country, append([]classify.Host{}, app.Hosts...), append([]*classify.Endpoint{}, app.Endpoints...), history})
			})
		},
	}
}

func unknownApp(id string) error {
	return fmt.Errorf("no app %q in the catalogue; see 'sluice apps list', or 'sluice classify HOST' for the id of a host", id)
}

func (a *app) appsStatusCommand() *cobra.Command {
	var note string
	cmd := &cobra.Command{
		Use: "status ID approved|in_review|unapproved|unreviewed", Short: "Set an app's approval status",
		Example: "  sluice apps status chatgpt in_review --note 'contract with legal'",
		Args:    usageArgs(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			status, err := policy.ParseStatus(args[1])
			if err != nil {
				return usageError{err}
			}
			return a.withStore(cmd, func(ctx context.Context, c *config.File, s *store.Store) error {
				catalogue, err := loadCatalogue(c)
				if err != nil {
					return err
				}
				id := args[0]
				if !catalogue.Named(id) {
					return unknownApp(id)
				}
				if err := s.SetStatus(ctx, store.AppStatus{App: id, Status: status, Note: note, By: operator(), At: time.Now().UTC()}); err != nil {
					return err
				}
				fmt.Fprintf(cmd.ErrOrStderr(), "%s is now %s\n", id, status)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&note, "note", "", "why, for the history")
	return cmd
}

// operator names who runs the command, for histories.
func operator() string {
	if u, err := user.Current(); err == nil {
		return u.Username + " (command line)"
	}
	return "command line"
}
