package main

import (
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"reflect"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/sluice-dlp/sluice/config"
)

func (a *app) serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the server",
		Long: "Run the ICAP server until SIGTERM, which drains it. SIGHUP, or a change of a rule file, reloads policy,\n" +
			"profiles and catalogue; when one is bad, the running rules stay and the log says why.\n" +
			"Changed settings (sluice.yaml) take effect at the next start.\n" +
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
			told := a.tellOfSettings(cmd, f, log)
			err = n.wait(cmd.Context())
			told()
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

// tellOfSettings says at SIGHUP, which reloads the rules alone, that the settings have changed,
// until the returned function is called.
func (a *app) tellOfSettings(cmd *cobra.Command, running *config.File, log *slog.Logger) (stop func()) {
	hup, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(hup, syscall.SIGHUP)
	go func() {
		defer close(done)
		for range hup {
			switch f, err := a.settings(cmd); {
			case err != nil:
				log.Error("the settings have mistakes: the running ones stay, and the next start will refuse these", "error", short(err.Error()))
			case !reflect.DeepEqual(f, running):
				log.Warn("the settings have changed: a restart takes them over")
			}
		}
	}()
	return func() {
		signal.Stop(hup)
		close(hup)
		<-done
	}
}

func addrString(a interface{ String() string }) string {
	if a == nil {
		return "off"
	}
	return a.String()
}
