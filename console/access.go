package console

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/store"
)

// accessRoutes are sign-in, first run and sign-out.
func (s *Server) accessRoutes() []route {
	return []route{
		{pattern: "GET /signin", serve: s.showSignIn},
		{pattern: "POST /signin", serve: s.signInByPassword},
		{pattern: "GET /signin/link", serve: s.showLink},
		{pattern: "POST /signin/link", serve: s.signInByLink},
		{pattern: "GET /setup", serve: s.showSetup},
		{pattern: "POST /setup", serve: s.setUp},
		{pattern: "POST /signout", right: RightView, person: true, serve: s.signOut},
	}
}

type signInPage struct {
	Next, Name, Complaint string
	Again, NoAccounts     bool
}

func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request, v *visitor) error {
	q := r.URL.Query()
	p := signInPage{Next: safeNext(q.Get("next")), Again: q.Get("again") != ""}
	if v != nil {
		p.Name = v.Name
		if !p.Again {
			http.Redirect(w, r, p.Next, http.StatusSeeOther)
			return nil
		}
	}
	accounts, err := s.o.Store.Accounts(r.Context())
	if err != nil {
		return err
	}
	p.NoAccounts = len(accounts) == 0
	return s.render(w, r, nil, "signin", page{Title: "Sign in", Data: p})
}

func (s *Server) signInByPassword(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	ctx := r.Context()
	name, password := strings.TrimSpace(r.PostFormValue("name")), r.PostFormValue("password")
	a, err := s.o.Store.Account(ctx, name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	right, err := s.verify(a.Secret, password)
	if err != nil {
		return err
	}
	if !right || a.Disabled {
		p := signInPage{Next: safeNext(r.PostFormValue("next")), Name: name, Complaint: "Name or password is wrong."}
		return s.renderStatus(w, r, nil, http.StatusUnauthorized, "signin", page{Title: "Sign in", Data: p})
	}
	if err := s.signIn(ctx, w, r, a.Name, "password"); err != nil {
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

// Lives of one-time links.
const (
	setupLife = 24 * time.Hour
	linkLife  = 15 * time.Minute
)

// SetupLink returns the path of the page where the first account is made, with its
// one-time token; "" when there are accounts already.
func (s *Server) SetupLink(ctx context.Context) (string, error) {
	accounts, err := s.o.Store.Accounts(ctx)
	if err != nil || len(accounts) > 0 {
		return "", err
	}
	return s.oneTime("/setup", link{Use: linkSetup, Expires: s.now().Add(setupLife)})
}

// SignInLink returns the path of a page that signs an account in once, within 15 minutes.
func (s *Server) SignInLink(account string) (string, error) {
	return s.oneTime("/signin/link", link{Use: linkSignIn, Account: account, Expires: s.now().Add(linkLife)})
}

func (s *Server) oneTime(path string, l link) (string, error) {
	l.Nonce = newSecret()
	token, err := s.links.sign(l)
	return path + "?" + url.Values{"token": {token}}.Encode(), err
}

type linkPage struct{ Token, Name, Complaint string }

var errDeadLink = &problem{status: http.StatusForbidden, title: "This link is not valid", detail: "It was used already or is too old. The server's log has a new one after a restart; 'sluice account add' makes an account without it."}

// redeem opens a one-time link and marks it as used.
func (s *Server) redeem(ctx context.Context, token, use string) (link, error) {
	l, err := s.links.open(token, use, s.now())
	if err != nil {
		return l, errDeadLink
	}
	_, err = s.o.Store.Redeem(ctx, l.Nonce, l.Expires, nil)
	if errors.Is(err, store.ErrTokenUsed) {
		err = errDeadLink
	}
	return l, err
}

// showLink asks for a click: the pages that fetch links ahead would use it up.
func (s *Server) showLink(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	token := r.URL.Query().Get("token")
	l, err := s.links.open(token, linkSignIn, s.now())
	if err != nil {
		return errDeadLink
	}
	return s.render(w, r, nil, "link", page{Title: "Sign in", Data: linkPage{Token: token, Name: l.Account}})
}

func (s *Server) signInByLink(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	ctx := r.Context()
	l, err := s.redeem(ctx, r.PostFormValue("token"), linkSignIn)
	if err != nil {
		return err
	}
	a, err := s.o.Store.Account(ctx, l.Account)
	if err != nil || a.Disabled {
		return errors.Join(errDeadLink, err)
	}
	if err := s.signIn(ctx, w, r, a.Name, "link"); err != nil {
		return err
	}
	return s.back(w, r, "/", "")
}

func (s *Server) showSetup(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	token := r.URL.Query().Get("token")
	if err := s.mayPossess(r.Context(), token); err != nil {
		return err
	}
	return s.render(w, r, nil, "setup", page{Title: "Set up the console", Data: linkPage{Token: token}})
}

// mayPossess reports whether the first account may be made with a token.
func (s *Server) mayPossess(ctx context.Context, token string) error {
	if _, err := s.links.open(token, linkSetup, s.now()); err != nil {
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
	if err := s.mayPossess(ctx, token); err != nil {
		return err
	}
	secret, err := HashPassword(r.PostFormValue("password"))
	if err == nil {
		err = CheckName(name)
	}
	if err != nil {
		return s.renderStatus(w, r, nil, http.StatusBadRequest, "setup", page{Title: "Set up the console", Data: linkPage{Token: token, Name: name, Complaint: sentence(err)}})
	}
	if _, err := s.redeem(ctx, token, linkSetup); err != nil {
		return err
	}
	a := store.Account{Name: name, Role: string(Admin), Rights: []string{string(RightSQL)}, Secret: secret}
	if err := s.o.Store.PutAccount(ctx, a, name); err != nil {
		return err
	}
	if err := s.signIn(ctx, w, r, name, "setup"); err != nil {
		return err
	}
	http.Redirect(w, r, "/welcome", http.StatusSeeOther)
	return nil
}

// errName says that a name is not taken.
var errName = errors.New("a name has 1 to 64 letters, digits and . _ - @ +")

// CheckName says what is wrong with the name of an account.
func CheckName(name string) error {
	if name == "" || len(name) > 64 {
		return errName
	}
	for _, c := range name {
		if !strings.ContainsRune(".-_@+", c) && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return errName
		}
	}
	return nil
}

// sentence writes an error for people.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// clientAddress is who speaks to the console: behind a proxy on this machine, whom that
// proxy names.
func clientAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	peer, err := netip.ParseAddr(host)
	if err != nil || !peer.IsLoopback() {
		return host
	}
	named := r.Header.Values("X-Forwarded-For")
	if len(named) == 0 {
		return host
	}
	_, last, ok := cutLast(named[len(named)-1], ',')
	if !ok {
		last = named[len(named)-1]
	}
	if a, err := netip.ParseAddr(strings.TrimSpace(last)); err == nil {
		return a.String()
	}
	return host
}
