package console

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/sluice-dlp/sluice/store"
)

// newSecret returns 256 random bits as text.
func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// newID returns a random name for something.
func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// digest is what the database keeps of a secret. The secret has 256 random bits, so a fast
// hash is enough.
func digest(secret string) string {
	h := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(h[:])
}

// cookieName: a browser takes a __Host- cookie over https alone, and from no sub-domain.
func (s *Server) cookieName() string {
	if s.secure {
		return "__Host-sluice"
	}
	return "sluice"
}

// setCookie sets a cookie that scripts cannot read. Lax, not Strict: the way back from an
// identity provider begins at another site.
func (s *Server) setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(life / time.Second),
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
	})
}

func (s *Server) dropCookie(w http.ResponseWriter) { s.setCookie(w, s.cookieName(), "", -time.Second) }

// signIn begins a session of its own secret, in the place of the browser's last one: a
// session that somebody planted before the sign-in is worth nothing after it.
// Proved is when the person showed who they are.
func (s *Server) signIn(ctx context.Context, w http.ResponseWriter, r *http.Request, account, how string, proved time.Time) error {
	old := ""
	if c, err := r.Cookie(s.cookieName()); err == nil {
		old = digest(c.Value)
	}
	secret, now := newSecret(), s.now()
	x := store.Session{
		ID: digest(secret), Account: account, Address: clientAddress(r),
		Created: now, Proved: proved, Seen: now, Expires: now.Add(s.o.SessionLife),
	}
	if err := s.o.Store.AddSession(ctx, x, old, how); err != nil {
		return err
	}
	s.setCookie(w, s.cookieName(), secret, s.o.SessionLife)
	s.met.signIn(how, "fine")
	return nil
}
