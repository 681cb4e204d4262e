package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sluice-dlp/sluice/dlp"
)

func (a *app) profilesCommand() *cobra.Command {
	return group("profiles", "Detectors and profiles",
		a.profilesListCommand(), a.profilesShowCommand(), profilesLintCommand(), profilesTestCommand(),
		a.profilesEDMCommand(), a.profilesFingerprintCommand())
}

// engine loads the engine for a command that only reads.
func (a *app) engine(cmd *cobra.Command) (*dlp.Engine, error) {
	f, err := a.settings(cmd)
	if err != nil {
		return nil, err
	}
	keys, err := openKeys(f.Keys.File, false)
	if err != nil {
		return nil, err
	}
	return loadEngine(f, keys)
}

func (a *app) profilesListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the loaded profiles and their detectors",
		Example: "  sluice profiles list",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := a.engine(cmd)
			if err != nil {
				return err
			}
			enc := newLineEncoder(cmd)
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
			defer table.Flush()
			for _, p := range e.Profiles() {
				if asJSON {
					if err := enc.Encode(profileJSON(p)); err != nil {
						return err
					}
					continue
				}
				fmt.Fprintf(table, "%s\t%s\t%d detectors\n", p.ID, p.Name, len(p.Detectors))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func profileJSON(p dlp.Profile) any {
	return struct {
		ID        string   `json:"id"`
		Name      string   `json:"name"`
		Detectors []string `json:"detectors"`
	}{p.ID, p.Name, p.Detectors}
}

func (a *app) profilesShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show one profile as JSON",
		Example: "  sluice profiles show default",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := a.engine(cmd)
			if err != nil {
				return err
			}
			for _, p := range e.Profiles() {
				if p.ID == args[0] {
					enc := json.NewEncoder(cmd.OutOrStdout())
					enc.SetIndent("", "  ")
					return enc.Encode(profileJSON(p))
				}
			}
			return fmt.Errorf("no profile %q; see 'sluice profiles list'", args[0])
		},
	}
}

func profilesLintCommand() *cobra.Command {
	return &cobra.Command{
		Use: "lint PATH…", Short: "Find every mistake in profile files",
		Long:    "Load the files on top of the built-in ones and report every mistake, each with file, line and remedy.",
		Example: "  sluice profiles lint my-profiles/ extra.yaml",
		Args:    usageArgs(cobra.MinimumNArgs(1)),
		RunE:    func(cmd *cobra.Command, args []string) error { return loadProfiles(cmd, args) },
	}
}

func profilesTestCommand() *cobra.Command {
	return &cobra.Command{
		Use: "test PATH…", Short: "Run the tests inside profile files",
		Example: "  sluice profiles test my-profiles/",
		Args:    usageArgs(cobra.MinimumNArgs(1)),
		RunE:    func(cmd *cobra.Command, args []string) error { return loadProfiles(cmd, args) },
	}
}

// loadProfiles loads what is built in and the files at paths, which runs their tests.
func loadProfiles(cmd *cobra.Command, paths []string) error {
	sources, err := profileSources(paths)
	if err != nil {
		return err
	}
	if _, err := dlp.Load(sources...); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s: all good\n", strings.Join(paths, ", "))
	return nil
}
