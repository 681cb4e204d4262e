package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-dlp/sluice/config"
	"github.com/sluice-dlp/sluice/policy"
	"github.com/sluice-dlp/sluice/reqmod"
	"github.com/sluice-dlp/sluice/store"
)

func (a *app) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Check settings, policy, profiles, catalogue, database and TLS",
		Long:    "Check everything that serve would load, and report every mistake in one run, each with its place and remedy.",
		Example: "  sluice check --config /etc/sluice/sluice.yaml",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, wrong := a.settings(cmd)
			if f == nil {
				return wrong // without settings nothing else can be found
			}
			warnings, err := check(cmd, f)
			for _, w := range slices.Concat(config.EnvironmentWarnings(), warnings) {
				fmt.Fprintln(cmd.OutOrStdout(), "warning:", w)
			}
			if err := errors.Join(wrong, err); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "all good")
			return err
		},
	}
}

func check(cmd *cobra.Command, f *config.File) (warnings []string, err error) {
	var errs []error
	keys, err := openKeys(f.Keys.File, false)
	errs = append(errs, err)
	if err != nil {
		keys, err = newKeys("", false) // for this run, so that the rest is looked at
		errs = append(errs, err)
	}
	errs = append(errs, checkCoach(f, keys))
	rs, err := loadRules(f, keys)
	errs = append(errs, err)
	if err == nil {
		warnings = slices.Concat(rs.policy.Warnings(), deadEnds(f, rs.policy), unknownExceptions(f, rs))
		errs = append(errs, checkRules(cmd, f, keys, rs))
	}
	if warning := checkWorkers(cmd, f); warning != "" {
		warnings = append(warnings, warning)
	}
	if f.ICAP.TLS.Listen != "" {
		_, err := serverTLS(f.ICAP.TLS, logger(cmd, f))
		errs = append(errs, err)
	}
	_, err = store.Migrate(cmd.Context(), f.StoreOptions(logger(cmd, f)), false)
	errs = append(errs, err) // it says where and what to do
	return warnings, errors.Join(errs...)
}

// checkWorkers starts the child processes that read PDF files. What they compile is kept, so
// that the first PDF file after a check need not wait for it.
func checkWorkers(cmd *cobra.Command, f *config.File) (warning string) {
	x := newExtractor(f, f.DataDir)
	defer x.Close()
	ctx, cancel := context.WithTimeout(cmd.Context(), maxWait)
	defer cancel()
	if err := x.Wait(ctx); err != nil {
		return fmt.Sprintf("PDF files will be read without their fonts and passwords: %v", err)
	}
	return ""
}

// checkRules compiles the snapshot and runs the catalogue's fixtures through it.
func checkRules(cmd *cobra.Command, f *config.File, keys keyring, rs *ruleset) error {
	h, err := newHandler(f, keys, reqmod.Options{})
	if err != nil {
		return err
	}
	rules, err := rs.snapshot(nil)
	if err != nil {
		return err
	}
	h.Swap(rules)
	return checkFixtures(cmd.Context(), h, rs.catalogue.Fixtures())
}

// unknownExceptions warns of terms for exceptions that nobody can ask for.
func unknownExceptions(f *config.File, rs *ruleset) (warnings []string) {
	for i, p := range f.Exceptions.Profiles {
		if p.Profile != policy.ExceptionApp && !strings.HasPrefix(p.Profile, policy.ExceptionGap("")) && !rs.engine.HasProfile(p.Profile) {
			warnings = append(warnings, fmt.Sprintf("exceptions.profiles[%d]: there is no profile %q; see 'sluice profiles list'", i, p.Profile))
		}
	}
	return warnings
}
