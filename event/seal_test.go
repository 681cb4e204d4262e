package event_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dlp/sluice/event"
)

func newKey(t *testing.T) (*age.X25519Identity, *event.Sealer) {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	s, err := event.NewSealer(key.Recipient().String())
	if err != nil {
		t.Fatal(err)
	}
	return key, s
}

func TestSeal(t *testing.T) {
	key, s := newKey(t)
	other, _ := newKey(t)
	p := &event.Prompt{Texts: []event.PromptText{{Role: "user", Path: "messages[0].content", Text: "the launch is in März"}}}
	sealed, err := s.Seal(p)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("launch")) {
		t.Fatal("the seal shows the prompt")
	}
	got, err := event.Unseal(sealed, strings.NewReader("# made for a test\n"+key.String()+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(p, got); d != "" {
		t.Error(d)
	}
	for name, identity := range map[string]string{"another key": other.String(), "no key": "hello", "nothing": ""} {
		if _, err := event.Unseal(sealed, strings.NewReader(identity)); err == nil {
			t.Errorf("%s opens the seal", name)
		}
	}
}

func TestSealIsBounded(t *testing.T) {
	key, s := newKey(t)
	for name, text := range map[string]string{
		"long": strings.Repeat("ä", 3<<20), "long when quoted": strings.Repeat("\x01", 3<<20),
	} {
		sealed, err := s.Seal(&event.Prompt{Texts: []event.PromptText{{Role: "user", Text: text}, {Role: "user", Text: "more"}}})
		if err != nil {
			t.Fatal(err)
		}
		if len(sealed) > 1<<20 {
			t.Errorf("%s: %d bytes", name, len(sealed))
		}
		p, err := event.Unseal(sealed, strings.NewReader(key.String()))
		if err != nil {
			t.Fatal(err)
		}
		if !p.Cut || len(p.Texts) != 1 || !strings.HasPrefix(text, p.Texts[0].Text) || !utf8.ValidString(p.Texts[0].Text) || len(p.Texts[0].Text) < 100<<10 {
			t.Errorf("%s: cut %v, %d texts, the first of %d bytes", name, p.Cut, len(p.Texts), len(p.Texts[0].Text))
		}
	}
}

func TestNewSealerRefuses(t *testing.T) {
	key, _ := newKey(t)
	for name, recipient := range map[string]string{
		"nothing": "", "a word": "alice", "a private key": key.String(), "two keys": key.Recipient().String() + "\n" + key.Recipient().String(),
	} {
		if _, err := event.NewSealer(recipient); err == nil {
			t.Errorf("%s is accepted", name)
		} else if strings.Contains(err.Error(), key.String()) {
			t.Errorf("%s: the error shows the key", name)
		}
	}
}
