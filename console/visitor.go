package console

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/store"
)

// Role is what somebody does here; it brings rights.
type Role string

// The roles. Each has the rights of the one before it.
const (
	Viewer   Role = "viewer"
	Reviewer Role = "reviewer"
	Admin    Role = "admin"
)

// Roles returns all roles, least first.
func Roles() []Role { return []Role{Viewer, Reviewer, Admin} }

// Right is something a visitor may do.
type Right string

// The rights. The last three come with no role: they are given to an account.
const (
	rightNone     Right = ""
	RightView     Right = "view"     // read reports and events
	RightReview   Right = "review"   // triage, set approval statuses, decide exceptions
	RightAdmin    Right = "admin"    // accounts, tokens, settings
	RightEvidence Right = "evidence" // reveal the prompt of an event
	RightSQL      Right = "sql"      // ask the log explorer
	RightNames    Right = "names"    // see who people are where the console shows pseudonyms
)

// ExtraRights returns the rights that are given to accounts.
func ExtraRights() []Right { return []Right{RightEvidence, RightSQL, RightNames} }

var roleRights = map[Role][]Right{
	Viewer:   {RightView},
	Reviewer: {RightView, RightReview},
	Admin:    {RightView, RightReview, RightAdmin},
}

// ValidAccess reports whether role and rights can be given to an account.
func ValidAccess(role string, rights []string) bool {
	for _, r := range rights {
		if !slices.Contains(ExtraRights(), Right(r)) {
			return false
		}
	}
	return slices.Contains(Roles(), Role(role))
}

// visitor is who asks.
type visitor struct {
	Name    string
	Role    Role
	rights  []Right
	proved  time.Time // when the person last showed who they are
	session string    // id of the session
	token   string    // id of the API token, when asked with one
}

// can reports whether the visitor, who may be nil, has a right. Templates call it as Can.
func (v *visitor) can(r Right) bool { return v != nil && slices.Contains(v.rights, r) }

// Can is can for templates.
func (v *visitor) Can(r string) bool { return v.can(Right(r)) }

func accountRights(a store.Account) []Right {
	rights := slices.Clone(roleRights[Role(a.Role)])
	for _, r := range a.Rights {
		rights = append(rights, Right(r))
	}
	return rights
}

// visit returns who asks; nil when nobody is signed in.
func (s *Server) visit(w http.ResponseWriter, r *http.Request, api bool) (*visitor, error) {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && api {
		return s.byToken(r.Context(), token)
	}
	c, err := r.Cookie(s.cookieName())
	if err != nil {
		return nil, nil //nolint:nilerr // no cookie: nobody is signed in
	}
	return s.bySession(r.Context(), w, c.Value)
}

// bySession returns the visitor of a session that still holds.
func (s *Server) bySession(ctx context.Context, w http.ResponseWriter, secret string) (*visitor, error) {
	id := digest(secret)
	x, a, err := s.o.Store.Session(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	now := s.now()
	if !now.Before(x.Expires) || now.Sub(x.Seen) > s.o.SessionIdle || a.Disabled {
		s.dropCookie(w)
		return nil, s.o.Store.EndSession(ctx, id)
	}
	if now.Sub(x.Seen) > seenStep {
		if err := s.o.Store.SeeSession(ctx, id, now); err != nil {
			return nil, err
		}
	}
	return &visitor{Name: a.Name, Role: Role(a.Role), rights: accountRights(a), proved: x.Proved, session: id}, nil
}

// seenStep is how exact the time of the last use is.
const seenStep = time.Minute

// byToken returns the visitor of an API token that still holds: what the token is for, of
// what its account may.
func (s *Server) byToken(ctx context.Context, token string) (*visitor, error) {
	x, a, err := s.o.Store.APITokenByHash(ctx, digest(token))
	if errors.Is(err, store.ErrNotFound) {
		return nil, errSignIn
	}
	if err != nil {
		return nil, err
	}
	now := s.now()
	if a.Disabled || !now.Before(x.Expires) {
		return nil, errSignIn
	}
	if now.Sub(x.Used) > seenStep {
		if err := s.o.Store.UseAPIToken(ctx, x.ID, now); err != nil {
			return nil, err
		}
	}
	v := &visitor{Name: a.Name, Role: Role(a.Role), token: x.ID}
	for _, r := range accountRights(a) {
		if slices.Contains(x.Scopes, string(r)) {
			v.rights = append(v.rights, r)
		}
	}
	return v, nil
}
