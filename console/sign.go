package console

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// signer makes and opens tokens that this console, or another node of it, gave out.
type signer struct{ key []byte }

func newSigner(key []byte) signer {
	if len(key) == 0 {
		key = []byte(newSecret())
	}
	return signer{key}
}

// Uses of signed tokens: one that is made for one is worth nothing for another.
const (
	useSetup = "setup"
	useLink  = "signin link"
	useOIDC  = "oidc state"
)

var errToken = errors.New("the token is not valid")

type signed struct {
	Expires time.Time       `json:"x"`
	Payload json.RawMessage `json:"p"`
}

func (s signer) mac(use, body string) []byte {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte("console " + use + "\x00" + body))
	return h.Sum(nil)
}

// sign returns payload as text fit for a URL.
func (s signer) sign(use string, expires time.Time, payload any) (string, error) {
	p, err := json.Marshal(payload)
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(signed{expires, p})
	if err != nil {
		return "", err
	}
	body := base64.RawURLEncoding.EncodeToString(b)
	return body + "." + base64.RawURLEncoding.EncodeToString(s.mac(use, body)), nil
}

// open checks signature, age and use, and fills payload.
func (s signer) open(text, use string, now time.Time, payload any) (expires time.Time, err error) {
	body, mac, _ := strings.Cut(text, ".")
	given, err := base64.RawURLEncoding.DecodeString(mac)
	if err != nil || !hmac.Equal(given, s.mac(use, body)) {
		return time.Time{}, errToken
	}
	var t signed
	b, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil || json.Unmarshal(b, &t) != nil || json.Unmarshal(t.Payload, payload) != nil || !now.Before(t.Expires) {
		return time.Time{}, errToken
	}
	return t.Expires, nil
}
