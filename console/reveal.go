package console

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// revealData is the page of an original prompt. The private key is used once and kept
// nowhere.
type revealData struct {
	ID        string
	Title     string
	Prompt    *event.Prompt
	Complaint string
}

// maxIdentity bounds a file of private keys.
const maxIdentity = 16 << 10

func (s *Server) revealAsk(w http.ResponseWriter, r *http.Request, v *visitor) error {
	d, _, err := s.sealed(r)
	if err != nil {
		return err
	}
	return s.render(w, r, v, "reveal", page{Title: "Reveal original", Nav: "events", Data: d})
}

func (s *Server) sealed(r *http.Request) (*revealData, []byte, error) {
	e, err := s.o.Store.Event(r.Context(), r.PathValue("id"))
	if err != nil && !errors.Is(err, event.ErrDetail) {
		return nil, nil, err
	}
	payload, err := s.o.Store.Payload(r.Context(), e.ID)
	if err != nil {
		return nil, nil, err
	}
	title, _ := s.titleOf(&e)
	return &revealData{ID: e.ID, Title: title}, payload, nil
}

// reveal opens the prompt with a key that the visitor brings, after the audit trail has it.
func (s *Server) reveal(w http.ResponseWriter, r *http.Request, v *visitor) error {
	d, payload, err := s.sealed(r)
	if err != nil {
		return err
	}
	identity, err := identityOf(r)
	if err != nil {
		return err
	}
	if err := s.o.Store.Audit(r.Context(), store.AuditLine{Actor: v.Name, Action: "event.reveal", Target: d.ID}); err != nil {
		return err
	}
	if d.Prompt, err = event.Unseal(payload, bytes.NewReader(identity)); err != nil {
		d.Complaint = "This key does not open it. Give the private key that belongs to payload.age_recipient."
	}
	return s.render(w, r, v, "reveal", page{Title: "Reveal original", Nav: "events", Data: d})
}

// identityOf reads the private key of a form: a file, or pasted.
func identityOf(r *http.Request) ([]byte, error) {
	if err := r.ParseMultipartForm(1 << 20); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return nil, badInput("The form cannot be read.")
	}
	text := strings.TrimSpace(r.FormValue("identity"))
	if text == "" && r.MultipartForm != nil && len(r.MultipartForm.File["key"]) > 0 {
		f, err := r.MultipartForm.File["key"][0].Open()
		if err != nil {
			return nil, badInput("The key cannot be read.")
		}
		defer f.Close()
		data, err := io.ReadAll(io.LimitReader(f, maxIdentity+1))
		if err != nil {
			return nil, badInput("The key cannot be read.")
		}
		text = string(data)
	}
	if len(text) > maxIdentity {
		return nil, badInput("That is too long for a private key.")
	}
	return []byte(text), nil
}
