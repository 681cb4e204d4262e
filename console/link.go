package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/store"
)

// Lives of one-time links.
const (
	setupLife = 24 * time.Hour
	linkLife  = 15 * time.Minute
)

// link is what a one-time link holds.
type link struct {
	Account string `json:"a,omitempty"` // whom it signs in
	Nonce   string `json:"n"`
}

// SetupLink returns the path of the page where the first account is made, with its
// one-time token; "" when there are accounts already.
func (s *Server) SetupLink(ctx context.Context) (string, error) {
	accounts, err := s.o.Store.Accounts(ctx)
	if err != nil || len(accounts) > 0 {
		return "", err
	}
	return s.oneTime("/setup", useSetup, link{}, setupLife)
}

// SignInLink returns the path of a page that signs an account in once, within 15 minutes.
func (s *Server) SignInLink(account string) (string, error) {
	return s.oneTime("/signin/link", useLink, link{Account: account}, linkLife)
}

func (s *Server) oneTime(path, use string, l link, life time.Duration) (string, error) {
	l.Nonce = newSecret()
	token, err := s.links.sign(use, s.now().Add(life), l)
	return path + "?" + url.Values{"token": {token}}.Encode(), err
}

type linkPage struct{ Token, Name, Complaint string }

var errDeadLink = &problem{
	status: http.StatusForbidden, title: "This link is not valid",
	detail: "It was used already, or it is too old. While there is no account, the server prints a new one when it starts; 'sluice account add' makes an account without a link.",
}

// redeem opens a one-time link and marks it as used.
func (s *Server) redeem(ctx context.Context, token, use string) (link, error) {
	var l link
	expires, err := s.links.open(token, use, s.now(), &l)
	if err != nil {
		return l, errDeadLink
	}
	if _, err = s.o.Store.Redeem(ctx, l.Nonce, expires, nil); errors.Is(err, store.ErrTokenUsed) {
		err = errDeadLink
	}
	return l, err
}

// showLink asks for a click: programs that fetch links ahead would use it up.
func (s *Server) showLink(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	token := r.URL.Query().Get("token")
	var l link
	if _, err := s.links.open(token, useLink, s.now(), &l); err != nil {
		return errDeadLink
	}
	return s.render(w, r, nil, "link", page{Title: "Sign in", Data: linkPage{Token: token, Name: l.Account}})
}

func (s *Server) signInByLink(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	ctx := r.Context()
	l, err := s.redeem(ctx, r.PostFormValue("token"), useLink)
	if err != nil {
		return err
	}
	a, err := s.o.Store.Account(ctx, l.Account)
	if errors.Is(err, store.ErrNotFound) || a.Disabled {
		return errDeadLink
	}
	if err != nil {
		return err
	}
	if err := s.signIn(ctx, w, r, a.Name, "link", s.now()); err != nil {
		return err
	}
	return s.back(w, r, "/", "")
}

func (s *Server) showSetup(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	token := r.URL.Query().Get("token")
	if err := s.maySetUp(r.Context(), token); err != nil {
		return err
	}
	return s.render(w, r, nil, "setup", page{Title: "Set up the console", Data: linkPage{Token: token}})
}

// maySetUp says whether the first account may be made with a token.
func (s *Server) maySetUp(ctx context.Context, token string) error {
	if _, err := s.links.open(token, useSetup, s.now(), &link{}); err != nil {
		return errDeadLink
	}
	accounts, err := s.o.Store.Accounts(ctx)
	if err == nil && len(accounts) > 0 {
		err = errDeadLink
	}
	return err
}

func (s *Server) setUp(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	ctx := r.Context()
	token, name := r.PostFormValue("token"), strings.TrimSpace(r.PostFormValue("name"))
	if err := s.maySetUp(ctx, token); err != nil {
		return err
	}
	err := CheckName(name)
	var secret string
	if err == nil {
		secret, err = HashPassword(r.PostFormValue("password"))
	}
	if err != nil {
		return s.renderStatus(w, r, nil, http.StatusBadRequest, "setup", page{Title: "Set up the console", Data: linkPage{Token: token, Name: name, Complaint: sentence(err)}})
	}
	if _, err := s.redeem(ctx, token, useSetup); err != nil {
		return err
	}
	if err := newAccount(ctx, s.o.Store, store.Account{Name: name, Role: string(Admin), Secret: secret}, name); err != nil {
		return err
	}
	if err := s.signIn(ctx, w, r, name, "setup", s.now()); err != nil {
		return err
	}
	http.Redirect(w, r, "/start", http.StatusSeeOther)
	return nil
}
