package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/sluice-dlp/sluice/config"
	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

func (a *app) eventsRevealCommand() *cobra.Command {
	var identity string
	cmd := &cobra.Command{
		Use: "reveal ID --identity FILE", Short: "Show the prompt of an event, with your private key",
		Long: "Show the prompt of an event as JSON. Prompts are only kept with payload.age_recipient, encrypted to that key; the file\n" +
			"holds the private key, which never leaves this command. That it was shown is in the audit trail.",
		Example: "  sluice events reveal 0193e5a0-7c1f-7b3e-9a55-2f6d1c0b8e44 --identity key.txt",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if identity == "" {
				return usageError{errors.New("--identity: which file holds the private key?")}
			}
			keys, err := os.Open(identity)
			if err != nil {
				return fmt.Errorf("read identity: %w", err)
			}
			defer keys.Close()
			return a.withStore(cmd, func(ctx context.Context, _ *config.File, s *store.Store) error {
				sealed, err := s.Payload(ctx, args[0])
				if errors.Is(err, store.ErrNotFound) {
					return fmt.Errorf("no prompt is kept of event %q: there is no such event, its prompt has expired, or payload.age_recipient was not set", args[0])
				}
				if err != nil {
					return err
				}
				prompt, err := event.Unseal(sealed, keys)
				if err != nil {
					return err
				}
				// First the trail, then the prompt: nobody sees one without the other.
				if err := s.Audit(ctx, store.AuditLine{Actor: operator(), Action: "event.reveal", Target: args[0]}); err != nil {
					return err
				}
				enc := newLineEncoder(cmd)
				enc.SetIndent("", "  ")
				return enc.Encode(prompt)
			})
		},
	}
	cmd.Flags().StringVar(&identity, "identity", "", "file with the age private key")
	return cmd
}
