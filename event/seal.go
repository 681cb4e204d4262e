package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"filippo.io/age"
)

// Prompt is what a person or a program sent, whole and in the clear. It exists on its way
// into a seal, and for whoever holds the customer's private key.
type Prompt struct {
	Texts []PromptText `json:"texts"`
	Cut   bool         `json:"cut,omitempty"` // there was more than is kept
}

// PromptText is one text of a prompt.
type PromptText struct {
	Role string `json:"role"`
	Path string `json:"path"`
	Text string `json:"text"`
}

// MaxPrompt is how many bytes of text a seal takes; callers may stop reading there.
const MaxPrompt = 640 << 10

// Sealer encrypts prompts to the customer's public key. Sluice never has the private one.
// It is safe for concurrent use.
type Sealer struct{ to []age.Recipient }

// NewSealer takes an age public key, age1….
func NewSealer(recipient string) (*Sealer, error) {
	to, err := age.ParseRecipients(strings.NewReader(recipient))
	if err != nil || len(to) != 1 || strings.HasPrefix(strings.TrimSpace(recipient), "#") {
		return nil, errors.New("want one age public key (age1…); make a pair with 'age-keygen -o key.txt' away from Sluice")
	}
	return &Sealer{to: to}, nil
}

// Seal encrypts p, cut to what an event may carry.
func (s *Sealer) Seal(p *Prompt) ([]byte, error) {
	for limit := MaxPrompt; ; limit /= 2 {
		plain, err := json.Marshal(p.cut(limit))
		if err != nil {
			return nil, fmt.Errorf("seal prompt: %w", err)
		}
		if len(plain) > maxSealed-4096 && limit > 1024 { // quoting made it longer
			continue
		}
		var out bytes.Buffer
		w, err := age.Encrypt(&out, s.to...)
		if err != nil {
			return nil, fmt.Errorf("seal prompt: %w", err)
		}
		if _, err := w.Write(plain); err != nil {
			return nil, fmt.Errorf("seal prompt: %w", err)
		}
		if err := w.Close(); err != nil {
			return nil, fmt.Errorf("seal prompt: %w", err)
		}
		return out.Bytes(), nil
	}
}

// cut returns p with at most limit bytes of text.
func (p *Prompt) cut(limit int) *Prompt {
	out := &Prompt{Texts: []PromptText{}, Cut: p.Cut}
	for _, t := range p.Texts {
		cost := 64 + len(t.Role) + len(t.Path)
		if limit <= cost {
			out.Cut = true
			break
		}
		if limit -= cost; len(t.Text) > limit {
			n := limit
			for n > 0 && !utf8.RuneStart(t.Text[n]) {
				n--
			}
			t.Text, out.Cut = t.Text[:n], true
		}
		limit -= len(t.Text)
		out.Texts = append(out.Texts, t)
	}
	return out
}

// Unseal opens what Seal made, with the private keys in identities (a file of age-keygen).
func Unseal(sealed []byte, identities io.Reader) (*Prompt, error) {
	ids, err := age.ParseIdentities(identities)
	if err != nil {
		return nil, errors.New("read identity: no age private key (AGE-SECRET-KEY-…) in it") // its own error may quote a line
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), ids...)
	if err != nil {
		return nil, fmt.Errorf("unseal prompt: %w", err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxSealed))
	if err != nil {
		return nil, fmt.Errorf("unseal prompt: %w", err)
	}
	var p Prompt
	if err := json.Unmarshal(plain, &p); err != nil {
		return nil, errors.New("unseal prompt: it does not hold what Sluice seals")
	}
	return &p, nil
}
