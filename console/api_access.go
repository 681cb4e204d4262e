package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/store"
)

// auditFilter reads which lines of the audit trail are meant.
func (s *Server) auditFilter(r *http.Request) (f store.AuditFilter, err error) {
	q := r.URL.Query()
	if f.Since, f.Until, err = queryTimes(q, s.now()); err != nil {
		return f, err
	}
	if f.Limit, err = queryLimit(q); err != nil {
		return f, err
	}
	f.Actor, f.Action, f.Target = q.Get("actor"), q.Get("action"), q.Get("target")
	if cursor := q.Get("cursor"); cursor != "" {
		if f.Before, err = strconv.ParseInt(cursor, 10, 64); err != nil || f.Before < 1 {
			return f, badInput("cursor: want what \"next\" of the page before said.")
		}
	}
	return f, nil
}

// auditTrail returns lines as v may see them: those about employees tell what changed only
// to those who may see names.
func (s *Server) auditTrail(r *http.Request, v *visitor) (lines []store.AuditLine, next string, err error) {
	f, err := s.auditFilter(r)
	if err != nil {
		return nil, "", err
	}
	if lines, err = s.o.Store.AuditTrail(r.Context(), f); err != nil {
		return nil, "", err
	}
	if len(lines) == f.Limit {
		next = strconv.FormatInt(lines[len(lines)-1].Seq, 10)
	}
	if !v.can(RightNames) {
		for i := range lines {
			what, _, _ := strings.Cut(lines[i].Action, ".")
			if slices.Contains([]string{"exception", "mute", "person", "explorer", "event", "view"}, what) {
				lines[i].Before, lines[i].After = "", ""
			}
			if what == "person" {
				lines[i].Target = ""
			}
		}
	}
	return lines, next, nil
}

func (s *Server) apiAudit(w http.ResponseWriter, r *http.Request, v *visitor) error {
	lines, next, err := s.auditTrail(r, v)
	if err != nil {
		return err
	}
	return writeList(s, w, r, lines, next)
}

// auditCheck is the verdict on the whole audit trail.
type auditCheck struct {
	Lines     int64  `json:"lines"`
	Whole     bool   `json:"whole"`
	Complaint string `json:"complaint"`
}

func (c auditCheck) text() string {
	if c.Whole {
		return fmt.Sprintf("The audit trail is whole: %d lines, each sealed by the next.", c.Lines)
	}
	return "The audit trail was tampered with. " + c.Complaint + "."
}

func (s *Server) checkAudit(ctx context.Context) (auditCheck, error) {
	lines, err := s.o.Store.VerifyAudit(ctx)
	if errors.Is(err, store.ErrAudit) {
		return auditCheck{Lines: lines, Complaint: err.Error()}, nil
	}
	return auditCheck{Lines: lines, Whole: true}, err
}

func (s *Server) apiAuditCheck(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	check, err := s.checkAudit(r.Context())
	if err != nil {
		return err
	}
	return s.writeJSON(w, r, http.StatusOK, check)
}

func (s *Server) apiAccounts(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	accounts, err := s.o.Store.Accounts(r.Context())
	if err != nil {
		return err
	}
	return writeList(s, w, r, accounts, "")
}

// owner is whose tokens a visitor may see and revoke: an administrator everybody's.
func owner(v *visitor) string {
	if v.can(RightAdmin) {
		return ""
	}
	return v.Name
}

func (s *Server) apiTokens(w http.ResponseWriter, r *http.Request, v *visitor) error {
	tokens, err := s.o.Store.APITokens(r.Context(), owner(v))
	if err != nil {
		return err
	}
	return writeList(s, w, r, tokens, "")
}

// Bounds of API tokens.
const (
	maxTokenDays     = 366
	tokensPerAccount = 50
	tokenPrefix      = "sluice_" // secret scanners find it by that
)

// addToken makes a token of v's own, and returns its secret, which nobody can see again.
func (s *Server) addToken(r *http.Request, v *visitor, name string, scopes []string, days int) (store.APIToken, string, error) {
	switch {
	case name == "" || len(name) > maxName:
		return store.APIToken{}, "", badInput(fmt.Sprintf("A token needs a name of 1 to %d bytes that says what it is for.", maxName))
	case len(scopes) == 0:
		return store.APIToken{}, "", badInput("A token needs at least one scope.")
	case days < 1 || days > maxTokenDays:
		return store.APIToken{}, "", badInput(fmt.Sprintf("A token lasts 1 to %d days.", maxTokenDays))
	}
	for _, scope := range scopes {
		if !v.can(Right(scope)) {
			return store.APIToken{}, "", badInput("You have no right " + strconv.Quote(scope) + " to give away.")
		}
	}
	mine, err := s.o.Store.APITokens(r.Context(), v.Name)
	if err != nil {
		return store.APIToken{}, "", err
	}
	if len(mine) >= tokensPerAccount {
		return store.APIToken{}, "", badInput("You have too many tokens. Revoke some first.")
	}
	secret, now := tokenPrefix+newSecret(), s.now().UTC().Truncate(time.Microsecond)
	scopes = slices.Compact(slices.Sorted(slices.Values(scopes)))
	t := store.APIToken{ID: newID(), Hash: digest(secret), Name: name, Account: v.Name, Scopes: scopes, Created: now, Expires: now.AddDate(0, 0, days)}
	return t, secret, s.o.Store.AddAPIToken(r.Context(), t, v.Name)
}

func (s *Server) apiAddToken(w http.ResponseWriter, r *http.Request, v *visitor) error {
	var in struct {
		Name   string   `json:"name"`
		Scopes []string `json:"scopes"`
		Days   int      `json:"days"`
	}
	if err := readJSON(r, maxJSON, &in); err != nil {
		return err
	}
	t, secret, err := s.addToken(r, v, in.Name, in.Scopes, in.Days)
	if err != nil {
		return err
	}
	return s.writeJSON(w, r, http.StatusCreated, struct {
		store.APIToken
		Token string `json:"token"`
	}{t, secret})
}

func (s *Server) apiRevokeToken(w http.ResponseWriter, r *http.Request, v *visitor) error {
	if err := s.o.Store.RevokeAPIToken(r.Context(), r.PathValue("id"), owner(v), v.Name); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
