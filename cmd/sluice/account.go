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
	file, ok := cmd.InOrStdin().(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) { // a file or a pipe
		return passwordLine(bufio.NewReader(io.LimitReader(cmd.InOrStdin(), 4*console.MaxPassword)))
	}
	shown, err := term.GetState(int(file.Fd()))
	if err != nil {
		return "", fmt.Errorf("read password: %w", err)
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ask := func(prompt string) (string, error) {
		fmt.Fprint(cmd.ErrOrStderr(), prompt)
		defer fmt.Fprintln(cmd.ErrOrStderr())
		var line []byte
		read := make(chan error, 1)
		go func() {
			var err error
			line, err = term.ReadPassword(int(file.Fd()))
			read <- err
		}()
		select {
		case <-ctx.Done(): // nobody will type any more: the terminal must show what is typed next
			return "", errors.Join(errors.New("read password: interrupted"), term.Restore(int(file.Fd()), shown))
		case err := <-read:
			if err != nil {
				return "", fmt.Errorf("read password: %w", err)
			}
			return string(line), nil
		}
	}
	first, err := ask("password: ")
	if err != nil {
		return "", err
	}
	second, err := ask("once more: ")
	if err == nil && first != second {
		err = errors.New("the two passwords differ")
	}
	return first, err
}

func passwordLine(in *bufio.Reader) (string, error) {
	line, err := in.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
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
