package console

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/sluice-dlp/sluice/store"
)

// OIDC sets sign-in by an identity provider (OpenID Connect, code flow with PKCE). A zero
// Issuer is none.
type OIDC struct {
	Issuer, ClientID, ClientSecret string
	Scopes                         []string           // default: openid, profile, email
	GroupsClaim                    string             // default: groups
	Roles                          map[Role][]string  // the groups that bring a role; "*" is everybody
	Rights                         map[Right][]string // the groups that bring an extra right
}

// oidcCallback is the path of the redirect URI.
const oidcCallback = "/signin/oidc/callback"

// Bounds of a sign-in.
const (
	oidcLife    = 10 * time.Minute // on the provider's pages
	oidcTimeout = 10 * time.Second // of one request to the provider
	clockSkew   = time.Minute
)

// idp is the provider; its addresses and keys are read when somebody first signs in, so
// that the console starts without it.
type idp struct {
	o        OIDC
	redirect string
	client   *http.Client

	mu       sync.Mutex
	provider *oidc.Provider
}

func newIDP(o OIDC, base *url.URL) (*idp, error) {
	if o.Issuer == "" {
		return nil, nil
	}
	if base.Host == "" {
		return nil, errors.New("console.oidc: set console.url, where the provider sends people back")
	}
	if o.ClientID == "" {
		return nil, errors.New("console.oidc: set client_id")
	}
	if len(o.Roles) == 0 {
		return nil, errors.New(`console.oidc: set roles, for example {admin: [security-admins], viewer: ["*"]}; without them nobody may do anything`)
	}
	for role := range o.Roles {
		if !slices.Contains(Roles(), role) {
			return nil, fmt.Errorf("console.oidc.roles: unknown role %q; known: viewer, reviewer, admin", role)
		}
	}
	for right := range o.Rights {
		if !slices.Contains(ExtraRights(), right) {
			return nil, fmt.Errorf("console.oidc.rights: unknown right %q; known: evidence, sql, names", right)
		}
	}
	if len(o.Scopes) == 0 {
		o.Scopes = []string{oidc.ScopeOpenID, "profile", "email"}
	}
	if o.GroupsClaim == "" {
		o.GroupsClaim = "groups"
	}
	redirect := *base
	redirect.Path, redirect.RawQuery, redirect.Fragment = oidcCallback, "", ""
	return &idp{o: o, redirect: redirect.String(), client: &http.Client{Timeout: oidcTimeout}}, nil
}

// open returns the provider, and how to speak OAuth to it.
func (p *idp) open() (*oidc.Provider, *oauth2.Config, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.provider == nil {
		// Not a request's context: the provider keeps it for fetching keys.
		provider, err := oidc.NewProvider(oidc.ClientContext(context.Background(), p.client), p.o.Issuer)
		if err != nil {
			return nil, nil, fmt.Errorf("identity provider: %w", err)
		}
		p.provider = provider
	}
	return p.provider, &oauth2.Config{
		ClientID: p.o.ClientID, ClientSecret: p.o.ClientSecret, Endpoint: p.provider.Endpoint(),
		RedirectURL: p.redirect, Scopes: p.o.Scopes,
	}, nil
}

// oidcState is what a browser keeps while it is at the provider.
type oidcState struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"`
	Next     string    `json:"x"`
	Again    string    `json:"a,omitempty"` // who confirms
	Began    time.Time `json:"b"`
}

func (s *Server) oidcCookie() string { return s.cookieName() + "-oidc" }

// beginOIDC sends the browser to the provider. It is a GET: the policy form-action would
// stop a form that ends elsewhere.
func (s *Server) beginOIDC(w http.ResponseWriter, r *http.Request, v *visitor) error {
	_, conf, err := s.oidc.open()
	if err != nil {
		return s.providerFailed(err)
	}
	q := r.URL.Query()
	st := oidcState{State: newSecret(), Nonce: newSecret(), Verifier: oauth2.GenerateVerifier(), Next: safeNext(q.Get("next")), Began: s.now()}
	options := []oauth2.AuthCodeOption{oidc.Nonce(st.Nonce), oauth2.S256ChallengeOption(st.Verifier)}
	if q.Get("again") != "" && v != nil {
		st.Again = v.Name
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	kept, err := s.links.sign(useOIDC, s.now().Add(oidcLife), st)
	if err != nil {
		return err
	}
	s.setCookie(w, s.oidcCookie(), kept, oidcLife)
	http.Redirect(w, r, conf.AuthCodeURL(st.State, options...), http.StatusSeeOther)
	return nil
}

func (s *Server) providerFailed(err error) error {
	s.met.signIn("oidc", "failed")
	s.log.Error("sign-in by the identity provider", "error", err)
	return &problem{status: http.StatusBadGateway, title: "Sign-in did not work", detail: "The identity provider could not be asked. The log of this node says why."}
}

// refuse ends a sign-in that was not in order.
func (s *Server) refuseOIDC(why string, err error) error {
	s.met.signIn("oidc", "refused")
	s.log.Warn("sign-in refused", "why", why, "error", err)
	return &problem{status: http.StatusForbidden, title: "Sign-in did not work", detail: why}
}

// endOIDC takes the browser back from the provider.
func (s *Server) endOIDC(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	ctx, now, q := r.Context(), s.now(), r.URL.Query()
	c, err := r.Cookie(s.oidcCookie())
	if err != nil {
		return s.refuseOIDC("The sign-in was begun in another browser, or it took too long. Begin again.", nil)
	}
	s.setCookie(w, s.oidcCookie(), "", -time.Second)
	var st oidcState
	if _, err := s.links.open(c.Value, useOIDC, now, &st); err != nil || subtle.ConstantTimeCompare([]byte(st.State), []byte(q.Get("state"))) != 1 {
		return s.refuseOIDC("The sign-in was begun in another browser, or it took too long. Begin again.", err)
	}
	if code := q.Get("error"); code != "" {
		return s.refuseOIDC("The identity provider refused.", fmt.Errorf("%.200s: %.200s", code, q.Get("error_description")))
	}
	id, err := s.exchange(ctx, q.Get("code"), st)
	if err != nil {
		return s.providerFailed(err)
	}
	a, err := s.oidcAccount(ctx, id)
	if err != nil {
		return err
	}
	proved := id.authTime // without one, the provider may have let in somebody who signed in last week
	if st.Again != "" && (st.Again != a.Name || proved.Before(st.Began.Add(-clockSkew))) {
		return s.refuseOIDC("The identity provider did not say that you have just signed in as "+st.Again+".", nil)
	}
	if err := s.signIn(ctx, w, r, a.Name, "oidc", proved); err != nil {
		return err
	}
	http.Redirect(w, r, safeNext(st.Next), http.StatusSeeOther)
	return nil
}

// identity is what the provider says of a person.
type identity struct {
	subject, name string
	groups        []string
	authTime      time.Time
}

// exchange redeems the code and checks the ID token: signature, issuer, audience, age and
// nonce.
func (s *Server) exchange(ctx context.Context, code string, st oidcState) (identity, error) {
	provider, conf, err := s.oidc.open()
	if err != nil {
		return identity{}, err
	}
	ctx = oidc.ClientContext(ctx, s.oidc.client)
	token, err := conf.Exchange(ctx, code, oauth2.VerifierOption(st.Verifier))
	if err != nil {
		return identity{}, fmt.Errorf("redeem code: %w", err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return identity{}, errors.New("the identity provider gave no ID token")
	}
	checked, err := provider.Verifier(&oidc.Config{ClientID: s.oidc.o.ClientID, Now: s.now}).Verify(ctx, raw)
	if err != nil {
		return identity{}, fmt.Errorf("check ID token: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(checked.Nonce), []byte(st.Nonce)) != 1 {
		return identity{}, errors.New("check ID token: it belongs to another sign-in")
	}
	claims := map[string]any{}
	if err := checked.Claims(&claims); err != nil {
		return identity{}, fmt.Errorf("check ID token: %w", err)
	}
	id := identity{subject: checked.Issuer + " " + checked.Subject, name: claimedName(claims), groups: claimedList(claims[s.oidc.o.GroupsClaim])}
	if at, ok := claims["auth_time"].(float64); ok {
		id.authTime = time.Unix(int64(at), 0)
	}
	return id, nil
}

// claimedName returns what people call the person; "" when nothing is fit to be a name here.
func claimedName(claims map[string]any) string {
	if verified, ok := claims["email_verified"].(bool); ok && verified {
		if email, ok := claims["email"].(string); ok && CheckName(email) == nil {
			return email
		}
	}
	for _, claim := range []string{"preferred_username", "sub"} {
		if name, ok := claims[claim].(string); ok && CheckName(name) == nil {
			return name
		}
	}
	return ""
}

// claimedList reads a claim that is one word or a list of words.
func claimedList(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var list []string
		for _, x := range v {
			if word, ok := x.(string); ok {
				list = append(list, word)
			}
		}
		return list
	}
	return nil
}

// access returns the strongest role of the groups, and the extra rights.
func (o *OIDC) access(groups []string) (role Role, rights []string) {
	brings := func(names []string) bool {
		return slices.Contains(names, "*") || slices.ContainsFunc(names, func(n string) bool { return slices.Contains(groups, n) })
	}
	for _, r := range Roles() {
		if brings(o.Roles[r]) {
			role = r
		}
	}
	for _, r := range ExtraRights() {
		if brings(o.Rights[r]) {
			rights = append(rights, string(r))
		}
	}
	return role, rights
}

// oidcAccount returns the account of a person, made or brought up to date by their groups.
// It is theirs by the provider's subject, never by a name, which may change hands.
func (s *Server) oidcAccount(ctx context.Context, id identity) (store.Account, error) {
	role, rights := s.oidc.o.access(id.groups)
	a, err := s.o.Store.AccountBySubject(ctx, id.subject)
	known := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return a, err
	}
	switch {
	case role == "":
		if known {
			_, err = s.o.Store.EndSessions(ctx, a.Name, "", a.Name)
		} else {
			err = nil
		}
		return a, errors.Join(s.refuseOIDC("None of your groups may use this console. Ask an administrator.", nil), err)
	case a.Disabled:
		return a, s.refuseOIDC("Your account is disabled.", nil)
	case !known:
		if id.name == "" {
			return a, s.refuseOIDC("The identity provider gave no name that can be used here.", nil)
		}
		a = store.Account{Name: id.name, Role: string(role), Rights: rights, Subject: id.subject}
		if err := newAccount(ctx, s.o.Store, a, id.name); err != nil {
			return a, err
		}
		return a, nil
	case a.Role == string(role) && strings.Join(a.Rights, " ") == strings.Join(rights, " "):
		return a, nil
	}
	a.Role, a.Rights = string(role), rights
	return a, s.o.Store.PutAccount(ctx, a, a.Name)
}
