// Command sluice is the DLP server that stands behind a company's proxy.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sluice-dlp/sluice/internal/nearest"
)

// Exit codes (DESIGN 3).
const (
	exitFine  = 0
	exitFound = 1 // findings, invalid input or a failed check
	exitUsage = 2
)

// errFound says that a command did its work and the answer is "no": the output has told
// everything already.
var errFound = errors.New("found")

// usageError is wrong use of the command line.
type usageError struct{ error }

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

func run(args []string, in io.Reader, out, errOut io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	cmd, err := root.ExecuteContextC(context.Background())
	var usage usageError
	switch {
	case err == nil:
		return exitFine
	case errors.Is(err, errFound):
		return exitFound
	case errors.As(err, &usage):
		fmt.Fprintf(errOut, "sluice: %s\nsee '%s --help'\n", short(err.Error()), cmd.CommandPath())
		return exitUsage
	default:
		fmt.Fprintf(errOut, "sluice: %s\n", short(err.Error()))
		return exitFound
	}
}

// untilSignal ends the context of a command that serves at the first SIGINT or SIGTERM; the
// second one ends the process, as the first does with every other command: one that waits for
// its input would not notice.
func untilSignal(cmd *cobra.Command) (stop func()) {
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	cmd.SetContext(ctx)
	return stop
}

// app is what every command shares.
type app struct {
	configPath string
}

func newRoot() *cobra.Command {
	a := &app{}
	root := &cobra.Command{
		Use:           "sluice",
		Short:         "Let people use AI without leaking what must not leave",
		Long:          "Sluice is the DLP server behind the proxy you already run: it sees over ICAP what goes to AI apps,\nscans it, decides by approval status and policy, tells the person why, and records it.",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          usageArgs(cobra.NoArgs),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().StringVar(&a.configPath, "config", "", "settings file (default: sluice.yaml in this directory, if it is there)")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usageError{flagHint(cmd, err)} })
	root.AddCommand(
		a.serveCommand(), a.demoCommand(), a.checkCommand(),
		a.scanCommand(), a.explainCommand(), a.extractCommand(), a.classifyCommand(),
		a.profilesCommand(), a.appsCommand(), a.eventsCommand(), a.exceptionsCommand(),
		a.peopleCommand(), a.migrateCommand(), a.accountCommand(),
		icapCommand(), versionCommand(), workerCommand(),
	)
	root.SetHelpCommand(helpCommand())
	return root
}

// flagHint adds to err the flag that was meant by one that is not there.
func flagHint(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, "--"+f.Name) })
	return fmt.Errorf("%w%s", err, nearest.Hint("--"+unknown.GetSpecifiedName(), known))
}

// helpCommand is cobra's, but that it refuses what is no command.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]…", Short: "Tell about a command",
		Example: "  sluice help events list",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usageError{fmt.Errorf("no command %q", strings.Join(args, " "))}
			}
			return about.Help()
		},
	}
}

// usageArgs makes a wrong number of arguments wrong usage.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}

// group returns a command that only holds subcommands.
func group(use, short string, subs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, RunE: func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usageError{fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())}
		}
		return cmd.Help()
	}}
	cmd.AddCommand(subs...)
	return cmd
}
