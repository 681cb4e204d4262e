package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/store"
)

// accessRoutes are sign-in, first run and sign-out.
func (s *Server) accessRoutes() []route {
	routes := []route{
		{pattern: "GET /signin", serve: s.showSignIn},
		{pattern: "POST /signin", serve: s.signInByPassword},
		{pattern: "GET /signin/link", serve: s.showLink},
		{pattern: "POST /signin/link", serve: s.signInByLink},
		{pattern: "GET /setup", serve: s.showSetup},
		{pattern: "POST /setup", serve: s.setUp},
		{pattern: "POST /signout", right: RightView, person: true, serve: s.signOut},
	}
	if s.oidc != nil {
		routes = append(routes,
			route{pattern: "GET /signin/oidc", serve: s.beginOIDC},
			route{pattern: "GET " + oidcCallback, serve: s.endOIDC})
	}
	return routes
}

type signInPage struct {
	Next, Name, Complaint string
	Again                 bool // the visitor is signed in and confirms it
	NoAccounts            bool
	Password, OIDC        bool // the ways that are offered
}

func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request, v *visitor) error {
	q := r.URL.Query()
	p := signInPage{Next: safeNext(q.Get("next")), Again: q.Get("again") != "" && v != nil}
	if v != nil && !p.Again {
		http.Redirect(w, r, p.Next, http.StatusSeeOther)
		return nil
	}
	return s.signInPage(w, r, v, http.StatusOK, p)
}

// signInPage shows the ways to sign in; to somebody who confirms, the one they have.
func (s *Server) signInPage(w http.ResponseWriter, r *http.Request, v *visitor, status int, p signInPage) error {
	p.OIDC, p.Password = s.oidc != nil, true
	if p.Again {
		a, err := s.o.Store.Account(r.Context(), v.Name)
		if err != nil {
			return err
		}
		p.Name, p.Password, p.OIDC = a.Name, a.Secret != "", s.oidc != nil && a.Subject != ""
	} else if s.oidc == nil {
		accounts, err := s.o.Store.Accounts(r.Context())
		if err != nil {
			return err
		}
		p.NoAccounts = len(accounts) == 0
	}
	return s.renderStatus(w, r, nil, status, "signin", page{Title: "Sign in", Data: p})
}

func (s *Server) signInByPassword(w http.ResponseWriter, r *http.Request, v *visitor) error {
	ctx, now := r.Context(), s.now()
	p := signInPage{Next: safeNext(r.PostFormValue("next")), Name: strings.TrimSpace(r.PostFormValue("name")), Again: r.PostFormValue("again") != "" && v != nil}
	if p.Again {
		p.Name = v.Name
	}
	address := limitedAddress(r)
	for _, l := range []struct {
		by  *limiter
		key string
	}{{s.byAddress, address}, {s.byAccount, p.Name}} {
		if wait, ok := l.by.take(l.key, now); !ok {
			s.met.signIn("password", "limited")
			s.log.Warn("sign-in refused: too many attempts", "account", p.Name, "address", address)
			w.Header().Set("Retry-After", fmt.Sprint(int(wait/time.Second)+1))
			p.Complaint = "Too many attempts. Try again in a few minutes."
			return s.signInPage(w, r, v, http.StatusTooManyRequests, p)
		}
	}
	a, err := s.o.Store.Account(ctx, p.Name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	right, err := s.verify(ctx, a.Secret, r.PostFormValue("password"))
	if err != nil {
		return err
	}
	if !right || a.Disabled {
		s.met.signIn("password", "wrong")
		s.log.Warn("sign-in refused: wrong name or password", "account", p.Name, "address", address)
		p.Complaint = "Name or password is wrong."
		return s.signInPage(w, r, v, http.StatusUnauthorized, p)
	}
	s.byAddress.give(address, now)
	s.byAccount.give(p.Name, now)
	if err := s.signIn(ctx, w, r, a.Name, "password", now); err != nil {
		return err
	}
	return s.back(w, r, "/", "")
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request, v *visitor) error {
	if err := s.o.Store.EndSession(r.Context(), v.session); err != nil {
		return err
	}
	s.dropCookie(w)
	return s.back(w, r, "/signin", "You are signed out.")
}

// CheckName says what is wrong with the name of an account.
func CheckName(name string) error {
	if name == "" || len(name) > maxName || strings.ContainsFunc(name, func(c rune) bool {
		return !strings.ContainsRune(".-_@+", c) && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	}) {
		return fmt.Errorf("a name has 1 to %d letters, digits and . _ - @ +", maxName)
	}
	return nil
}

const maxName = 64

// sentence writes an error for people.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// newAccount is an account with the rights of a role.
func newAccount(ctx context.Context, s *store.Store, a store.Account, by string) error {
	_, err := s.Account(ctx, a.Name)
	if err == nil {
		return badInput("There is an account of that name already.")
	}
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return s.PutAccount(ctx, a, by)
}
