package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sluice-dlp/sluice/dlp"
)

func (a *app) profilesCommand() *cobra.Command {
	return group("profiles", "Detectors and profiles",
		a.profilesListCommand(), a.profilesShowCommand(), profilesLintCommand(), a.profilesTestCommand(),
		a.profilesEvalCommand(), profilesSchemaCommand(), a.profilesEDMCommand(), a.profilesFingerprintCommand())
}

// rules loads the detectors and profiles for a command that only describes them.
func (a *app) rules(cmd *cobra.Command) (*dlp.Rules, error) {
	f, err := a.settings(cmd)
	if err != nil {
		return nil, err
	}
	sources, err := profileSources(f.Profiles.Dirs)
	if err != nil {
		return nil, err
	}
	return dlp.Load(sources...)
}

// engine loads the engine for a command that only reads.
func (a *app) engine(cmd *cobra.Command) (*dlp.Engine, error) {
	f, err := a.settings(cmd)
	if err != nil {
		return nil, err
	}
	keys, err := keysOrOwn(f.Keys.File, cmd.ErrOrStderr())
	if err != nil {
		return nil, err
	}
	return loadEngine(f, keys)
}

func (a *app) profilesListCommand() *cobra.Command {
	var asJSON, detectors, validators bool
	cmd := &cobra.Command{
		Use: "list", Short: "List profiles, detectors or validators",
		Example: "  sluice profiles list\n  sluice profiles list --detectors --json\n  sluice profiles list --validators",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if validators {
				return printList(cmd, asJSON, dlp.Validators(), func(v dlp.Validator) string {
					return v.Name + "\t" + v.About
				})
			}
			rules, err := a.rules(cmd)
			if err != nil {
				return err
			}
			if detectors {
				return printList(cmd, asJSON, rules.Detectors(), func(d dlp.Detector) string {
					return fmt.Sprintf("%s\t%s\t%s\t%d tests", d.ID, d.Name, d.Severity, d.Match+d.Clean)
				})
			}
			return printList(cmd, asJSON, rules.Profiles(), func(p dlp.Profile) string {
				return fmt.Sprintf("%s\t%s\t%s", p.ID, p.Name, count(len(p.Detectors), "detector"))
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	cmd.Flags().BoolVar(&detectors, "detectors", false, "list the detectors")
	cmd.Flags().BoolVar(&validators, "validators", false, "list the checks that a detector's validate: can name")
	cmd.MarkFlagsMutuallyExclusive("detectors", "validators")
	return cmd
}

// printList prints a table, or JSON a line.
func printList[T any](cmd *cobra.Command, asJSON bool, list []T, row func(T) string) error {
	enc := newLineEncoder(cmd)
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	for i := range list {
		if !asJSON {
			fmt.Fprintln(table, row(list[i]))
			continue
		}
		if err := enc.Encode(list[i]); err != nil {
			return err
		}
	}
	return table.Flush()
}

func (a *app) profilesShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a profile, or a detector, as JSON",
		Example: "  sluice profiles show default\n  sluice profiles show us_ssn",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			rules, err := a.rules(cmd)
			if err != nil {
				return err
			}
			enc := json.NewEncoder(cmd.OutOrStdout())
			enc.SetIndent("", "  ")
			enc.SetEscapeHTML(false)
			for _, p := range rules.Profiles() {
				if p.ID == args[0] {
					return enc.Encode(p)
				}
			}
			for _, d := range rules.Detectors() {
				if d.ID == args[0] {
					return enc.Encode(d)
				}
			}
			return fmt.Errorf("no profile or detector %q; see 'sluice profiles list' and 'sluice profiles list --detectors'", args[0])
		},
	}
}
