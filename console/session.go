package console

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
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
func (s *Server) signIn(ctx context.Context, w http.ResponseWriter, r *http.Request, account, how string) error {
	old := ""
	if c, err := r.Cookie(s.cookieName()); err == nil {
		old = digest(c.Value)
	}
	secret, now := newSecret(), s.now()
	x := store.Session{
		ID: digest(secret), Account: account, Address: clientAddress(r),
		Created: now, Proved: now, Seen: now, Expires: now.Add(s.o.SessionLife),
	}
	if err := s.o.Store.AddSession(ctx, x, old, how); err != nil {
		return err
	}
	s.setCookie(w, s.cookieName(), secret, s.o.SessionLife)
	return nil
}

// signer makes and opens one-time links.
type signer struct{ key []byte }

func newSigner(key []byte) signer {
	if len(key) == 0 {
		key = []byte(newSecret())
	}
	return signer{key}
}

// link is what a one-time link lets its holder do.
type link struct {
	Use     string    `json:"u"`           // linkSetup, linkSignIn
	Account string    `json:"a,omitempty"` // whom it signs in
	Nonce   string    `json:"n"`
	Expires time.Time `json:"x"`
}

// Uses of one-time links.
const (
	linkSetup  = "setup"
	linkSignIn = "signin"
)

var errLink = errors.New("the link is not valid")

func (s signer) mac(payload string) []byte {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte("console link\x00" + payload))
	return h.Sum(nil)
}

func (s signer) sign(l link) (string, error) {
	b, err := json.Marshal(l)
	if err != nil {
		return "", err
	}
	payload := base64.RawURLEncoding.EncodeToString(b)
	return payload + "." + base64.RawURLEncoding.EncodeToString(s.mac(payload)), nil
}

// open checks a link's signature, age and use.
func (s signer) open(text, use string, now time.Time) (link, error) {
	var l link
	payload, mac, ok := cutLast(text, '.')
	if !ok {
		return l, errLink
	}
	given, err := base64.RawURLEncoding.DecodeString(mac)
	if err != nil || !hmac.Equal(given, s.mac(payload)) {
		return l, errLink
	}
	b, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil || json.Unmarshal(b, &l) != nil || l.Use != use || !now.Before(l.Expires) {
		return link{}, errLink
	}
	return l, nil
}
