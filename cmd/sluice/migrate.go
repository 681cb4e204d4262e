package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-dlp/sluice/store"
)

func (a *app) migrateCommand() *cobra.Command {
	sub := func(use, short string, up bool) *cobra.Command {
		return &cobra.Command{
			Use: use, Short: short, Example: "  sluice migrate " + use, Args: usageArgs(cobra.NoArgs),
			RunE: func(cmd *cobra.Command, _ []string) error { return a.migrate(cmd, up) },
		}
	}
	return group("migrate", "The schema of the databases",
		sub("up", "Bring the schema up to this version", true),
		sub("status", "Show which migrations have run", false))
}

func (a *app) migrate(cmd *cobra.Command, up bool) error {
	f, err := a.settings(cmd)
	if err != nil {
		return err
	}
	list, err := store.Migrate(cmd.Context(), f.StoreOptions(logger(cmd, f)), up)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	defer table.Flush()
	fmt.Fprintln(table, "DATABASE\tVERSION\tNAME\tAPPLIED")
	for _, m := range list {
		applied := "pending"
		if !m.Applied.IsZero() {
			applied = m.Applied.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\n", m.Database, m.Version, m.Name, applied)
	}
	return nil
}
