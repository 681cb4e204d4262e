package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/sluice-dlp/sluice/config"
)

func (a *app) serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the server",
		Long: "Run the ICAP server until SIGTERM, which drains it. SIGHUP, or a change of a rule file, reloads policy,\n" +
			"profiles and catalogue; when one is bad, the running rules stay and the log says why.\n" +
			"Every scalar setting can also be an environment variable: SLUICE_ICAP_LISTEN=0.0.0.0:1344.",
		Example: "  sluice serve --config /etc/sluice/sluice.yaml",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := a.settings(cmd)
			if err != nil {
				return err
			}
			defer untilSignal(cmd)()
			log := logger(cmd, f)
			for _, w := range config.EnvironmentWarnings() {
				log.Warn("environment", "warning", w)
			}
			n, err := startNode(cmd.Context(), f, log)
			if err != nil {
				return err
			}
			log.Info("ready", "icap", addrString(n.icapAddr), "ops", addrString(n.opsAddr), "console", n.console.String(), "snapshot", n.handler.Version(), "build", build())
			if err := n.announceSetup(cmd.Context(), cmd.ErrOrStderr()); err != nil {
				log.Error("no link for the first account", "error", err)
			}
			err = n.wait(cmd.Context())
			log.Info("draining")
			return errors.Join(err, n.close())
		},
	}
	flags := cmd.Flags()
	flags.String("icap.listen", "", "address of the ICAP listener")
	flags.String("console.listen", "", "address of the console")
	flags.String("ops.listen", "", "address of /metrics, /healthz and /readyz")
	flags.String("data_dir", "", "directory of the outbox and the embedded database")
	flags.String("database.url", "", "postgres://… instead of the embedded database")
	flags.String("log.level", "", "debug, info, warn or error")
	return cmd
}

func addrString(a interface{ String() string }) string {
	if a == nil {
		return "off"
	}
	return a.String()
}
