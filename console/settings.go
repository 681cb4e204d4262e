package console

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/store"
)

// Setting is one line of the settings page: what sluice.yaml says, for people.
type Setting struct{ Name, Value string }

// settingsPage is what somebody may set for themselves, and for an administrator the rest.
type settingsPage struct {
	Name     string
	Password bool // the account has one here
	Local    bool // … or may have one: it is no provider's
	Tokens   []store.APIToken
	Scopes   []Right // that the visitor may give a token
	NewToken string  // the secret of the one just made

	Accounts []accountRow
	Roles    []Role
	Extra    []Right
	Nodes    []nodeRow
	Settings []Setting
	Mixed    bool // nodes run several builds
}

type accountRow struct {
	store.Account
	Provider bool // role and rights follow the groups there
	Sessions int
	Seen     time.Time
}

// Has reports whether the account has an extra right.
func (a accountRow) Has(right Right) bool { return slices.Contains(a.Rights, string(right)) }

type nodeRow struct {
	store.Node
	Alive bool
}

// Bounds of what nodes tell of themselves.
const (
	nodeAlive = time.Minute // told of itself within
	nodeShown = 7 * day
)

func (s *Server) settings(w http.ResponseWriter, r *http.Request, v *visitor) error {
	return s.settingsPage(w, r, v, "")
}

func (s *Server) settingsPage(w http.ResponseWriter, r *http.Request, v *visitor, newToken string) error {
	ctx := r.Context()
	p := settingsPage{Name: v.Name, Scopes: v.rights, NewToken: newToken, Roles: Roles(), Extra: ExtraRights(), Settings: s.o.Settings}
	me, err := s.o.Store.Account(ctx, v.Name)
	if err != nil {
		return err
	}
	p.Password, p.Local = me.Secret != "", me.Subject == ""
	if p.Tokens, err = s.o.Store.APITokens(ctx, owner(v)); err != nil {
		return err
	}
	if v.can(RightAdmin) {
		if err := s.adminSettings(ctx, &p); err != nil {
			return err
		}
	}
	return s.render(w, r, v, "settings", page{Title: "Settings", Nav: "settings", Data: p})
}

func (s *Server) adminSettings(ctx context.Context, p *settingsPage) error {
	now := s.now()
	accounts, err := s.o.Store.Accounts(ctx)
	if err != nil {
		return err
	}
	sessions, err := s.o.Store.Sessions(ctx, now)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		row := accountRow{Account: a, Provider: a.Subject != ""}
		for _, x := range sessions {
			if x.Account == a.Name && now.Sub(x.Seen) <= s.o.SessionIdle {
				row.Sessions++
				row.Seen = maxTime(row.Seen, x.Seen)
			}
		}
		p.Accounts = append(p.Accounts, row)
	}
	nodes, err := s.o.Store.Nodes(ctx, now.Add(-nodeShown))
	if err != nil {
		return err
	}
	for _, n := range nodes {
		row := nodeRow{n, now.Sub(n.Seen) < nodeAlive}
		p.Mixed = p.Mixed || row.Alive && n.Build != s.o.Node.Build
		p.Nodes = append(p.Nodes, row)
	}
	return nil
}

func (s *Server) changePassword(w http.ResponseWriter, r *http.Request, v *visitor) error {
	ctx := r.Context()
	a, err := s.o.Store.Account(ctx, v.Name)
	if err != nil {
		return err
	}
	if a.Subject != "" {
		return badInput("You sign in with your company account; there is no password here.")
	}
	if a.Secret, err = HashPassword(r.PostFormValue("password")); err != nil {
		return badInput(sentence(err))
	}
	if err := s.o.Store.PutAccount(ctx, a, v.Name); err != nil {
		return err
	}
	if _, err := s.o.Store.EndSessions(ctx, a.Name, v.session, v.Name); err != nil {
		return err
	}
	return s.back(w, r, "/settings", "Your password is changed. Your other sessions have ended.")
}

func (s *Server) makeToken(w http.ResponseWriter, r *http.Request, v *visitor) error {
	days, err := strconv.Atoi(r.PostFormValue("days"))
	if err != nil {
		return badInput("days: want a number.")
	}
	_, secret, err := s.addToken(r, v, strings.TrimSpace(r.PostFormValue("name")), r.PostForm["scope"], days)
	if err != nil {
		return err
	}
	return s.settingsPage(w, r, v, secret) // no redirect: the secret is shown this once
}

func (s *Server) revokeToken(w http.ResponseWriter, r *http.Request, v *visitor) error {
	if err := s.o.Store.RevokeAPIToken(r.Context(), r.PathValue("id"), owner(v), v.Name); err != nil {
		return err
	}
	return s.back(w, r, "/settings", "The token is revoked.")
}

func (s *Server) makeAccount(w http.ResponseWriter, r *http.Request, v *visitor) error {
	a := store.Account{Name: strings.TrimSpace(r.PostFormValue("name")), Role: r.PostFormValue("role"), Rights: r.PostForm["right"]}
	err := CheckName(a.Name)
	if err == nil && !ValidAccess(a.Role, a.Rights) {
		err = errors.New("there is no such role or right")
	}
	if err == nil {
		a.Secret, err = HashPassword(r.PostFormValue("password"))
	}
	if err != nil {
		return badInput(sentence(err))
	}
	if err := newAccount(r.Context(), s.o.Store, a, v.Name); err != nil {
		return err
	}
	return s.back(w, r, "/settings", "The account "+a.Name+" is made. Its password is the one you typed: let them change it.")
}

// changeAccount sets role, rights, state and, if one was typed, the password. What an
// identity provider's groups bring is set there.
func (s *Server) changeAccount(w http.ResponseWriter, r *http.Request, v *visitor) error {
	ctx := r.Context()
	a, err := s.o.Store.Account(ctx, r.PathValue("name"))
	if err != nil {
		return err
	}
	before := a
	if err := r.ParseForm(); err != nil {
		return badInput("The form could not be read.")
	}
	if a.Subject == "" {
		if a.Role, a.Rights = r.PostFormValue("role"), r.PostForm["right"]; !ValidAccess(a.Role, a.Rights) {
			return badInput("There is no such role or right.")
		}
		if password := r.PostFormValue("password"); password != "" {
			if a.Secret, err = HashPassword(password); err != nil {
				return badInput(sentence(err))
			}
		}
	}
	a.Disabled = r.PostFormValue("disabled") != ""
	if before.Role == string(Admin) && !before.Disabled && (a.Role != string(Admin) || a.Disabled) {
		if err := s.anotherAdmin(ctx, a.Name); err != nil {
			return err
		}
	}
	if err := s.o.Store.PutAccount(ctx, a, v.Name); err != nil {
		return err
	}
	if a.Disabled || a.Secret != before.Secret {
		if _, err := s.o.Store.EndSessions(ctx, a.Name, v.session, v.Name); err != nil {
			return err
		}
	}
	return s.back(w, r, "/settings", "The account "+a.Name+" is changed.")
}

// anotherAdmin says whether somebody would be left to mend what the last administrator
// does.
func (s *Server) anotherAdmin(ctx context.Context, but string) error {
	accounts, err := s.o.Store.Accounts(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(accounts, func(a store.Account) bool { return a.Name != but && a.Role == string(Admin) && !a.Disabled }) {
		return nil
	}
	return badInput("This is the last administrator. Make another one first.")
}
