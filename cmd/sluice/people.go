package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sluice-dlp/sluice/config"
	"github.com/sluice-dlp/sluice/store"
)

func (a *app) peopleCommand() *cobra.Command {
	return group("people", "What is kept of people", a.peopleEraseCommand())
}

func (a *app) peopleEraseCommand() *cobra.Command {
	return &cobra.Command{
		Use: "erase NAME", Short: "Forget a person",
		Long: "Forget a person: the name becomes a random alias wherever it is kept, and account, address, device, paths, names of\n" +
			"files, excerpts, masked values, fingerprints, justifications and encrypted prompts go. Counts stay. It cannot be undone.\n" +
			"What is still on its way from a node's outbox is erased when it arrives; what exporters have sent is not reached.",
		Example: "  sluice people erase alice@example.com",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withStore(cmd, func(ctx context.Context, _ *config.File, s *store.Store) error {
				done, err := s.ErasePerson(ctx, args[0], operator())
				if errors.Is(err, store.ErrNotFound) {
					return fmt.Errorf("%q is nobody's name", args[0])
				}
				if err != nil {
					return err
				}
				if !done.Known {
					fmt.Fprintf(cmd.ErrOrStderr(), "nothing is kept of %q; names are compared exactly. What nodes recorded until now and have yet to deliver is erased when it arrives\n", args[0])
				}
				return newLineEncoder(cmd).Encode(done)
			})
		},
	}
}
