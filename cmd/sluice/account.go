package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sluice-dlp/sluice/config"
	"github.com/sluice-dlp/sluice/console"
	"github.com/sluice-dlp/sluice/store"
)

// roles are those of the console, weakest first.
var roles = []string{"viewer", "reviewer", "admin"}

func (a *app) accountCommand() *cobra.Command {
	return group("account", "Accounts of the console", a.accountAddCommand(), a.accountPasswdCommand(), a.accountListCommand())
}

func (a *app) accountAddCommand() *cobra.Command {
	var role string
	var rights []string
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Add an account; the password is asked for, or read from standard input",
		Example: "  sluice account add alice --role admin\n  sluice account add bob --role reviewer --right names < password.txt",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(roles, role) {
				return usageError{fmt.Errorf("--role %q: want one of %s", role, strings.Join(roles, ", "))}
			}
			if !console.ValidAccess(role, rights) {
				return usageError{fmt.Errorf("--right %q: want one of %v", strings.Join(rights, ", "), console.ExtraRights())}
			}
			if err := console.CheckName(args[0]); err != nil {
				return usageError{err}
			}
			return a.withStore(cmd, func(ctx context.Context, _ *config.File, s *store.Store) error {
				_, err := s.Account(ctx, args[0])
				if err == nil {
					return fmt.Errorf("account %q is there already; 'sluice account passwd %s' changes its password", args[0], args[0])
				}
				if !errors.Is(err, store.ErrNotFound) {
					return err
				}
				return setPassword(ctx, cmd, s, store.Account{Name: args[0], Role: role, Rights: rights})
			})
		},
	}
	cmd.Flags().StringVar(&role, "role", "viewer", "viewer, reviewer or admin")
	cmd.Flags().StringArrayVar(&rights, "right", nil, "evidence, sql or names, beyond the role's (repeatable)")
	return cmd
}

func (a *app) accountPasswdCommand() *cobra.Command {
	return &cobra.Command{
		Use: "passwd NAME", Short: "Change an account's password",
		Example: "  sluice account passwd alice",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withStore(cmd, func(ctx context.Context, _ *config.File, s *store.Store) error {
				account, err := s.Account(ctx, args[0])
				if errors.Is(err, store.ErrNotFound) {
					return fmt.Errorf("no account %q; see 'sluice account list'", args[0])
				}
				if err != nil {
					return err
				}
				if account.Subject != "" {
					return fmt.Errorf("account %q signs in with the identity provider; it has no password here", args[0])
				}
				if err := setPassword(ctx, cmd, s, account); err != nil {
					return err
				}
				_, err = s.EndSessions(ctx, account.Name, "", operator())
				return err
			})
		},
	}
}

func setPassword(ctx context.Context, cmd *cobra.Command, s *store.Store, account store.Account) error {
	password, err := readPassword(cmd)
	if err != nil {
		return err
	}
	if account.Secret, err = console.HashPassword(password); err != nil {
		return err
	}
	if err := s.PutAccount(ctx, account, operator()); err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "account %s (%s) has its password\n", account.Name, account.Role)
	return nil
}

// readPassword reads one line, twice and without showing it at a terminal.
func readPassword(cmd *cobra.Command) (string, error) {
	tty, ok := cmd.InOrStdin().(*os.File)
	if !ok || !term.IsTerminal(int(tty.Fd())) { // a file or a pipe
		line, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), 4*console.MaxPassword)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read password: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	first, err := askPassword(ctx, tty, cmd.ErrOrStderr(), "password: ")
	if err != nil {
		return "", err
	}
	second, err := askPassword(ctx, tty, cmd.ErrOrStderr(), "once more: ")
	if err == nil && first != second {
		err = errors.New("the two passwords differ")
	}
	return first, err
}

// askPassword reads a line at a terminal that does not show it. When ctx ends, nobody will type
// any more: then the terminal is as before.
func askPassword(ctx context.Context, tty *os.File, out io.Writer, prompt string) (string, error) {
	fd := int(tty.Fd())
	shown, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("read password: %w", err)
	}
	fmt.Fprint(out, prompt)
	defer fmt.Fprintln(out)
	type answer struct {
		line []byte
		err  error
	}
	read := make(chan answer, 1)
	go func() {
		line, err := term.ReadPassword(fd)
		read <- answer{line, err}
	}()
	select {
	case <-ctx.Done():
		return "", errors.Join(errors.New("read password: interrupted"), term.Restore(fd, shown))
	case a := <-read:
		if a.err != nil {
			return "", fmt.Errorf("read password: %w", a.err)
		}
		return string(a.line), nil
	}
}

func (a *app) accountListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the accounts",
		Example: "  sluice account list",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd, func(ctx context.Context, _ *config.File, s *store.Store) error {
				list, err := s.Accounts(ctx)
				if err != nil {
					return err
				}
				enc := newLineEncoder(cmd)
				table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
				defer table.Flush()
				for _, one := range list {
					state := "enabled"
					if one.Disabled {
						state = "disabled"
					}
					if asJSON {
						err = errors.Join(err, enc.Encode(one))
						continue
					}
					fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", one.Name, one.Role, state, one.Changed.UTC().Format(time.RFC3339))
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}
