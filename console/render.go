package console

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

//go:embed all:templates
var templateFS embed.FS

// page is what a screen gives its template: Data is the screen's own.
type page struct {
	Title string
	Nav   string // the entry of the menu that is marked
	Data  any
}

// layout is what templates see.
type layout struct {
	page
	Visitor *visitor // nil: not signed in
	Theme   string   // light, dark or "" for the system's
	Path    string   // of this page, with its query
	Flash   string   // what the last action did
	Now     time.Time
	Queue   string // how many events nobody has looked at; "" for none
}

// templates holds one set a screen: layout.html and the files that begin with an
// underscore are part of each.
type templates struct {
	screens map[string]*template.Template
	zips    sync.Pool
}

func loadTemplates(a *assets) (*templates, error) {
	funcs := template.FuncMap{"asset": a.address}
	maps.Copy(funcs, templateFuncs())
	maps.Copy(funcs, lookFuncs(a))
	base, err := template.New("").Funcs(funcs).ParseFS(templateFS, "templates/layout.html")
	if err != nil {
		return nil, fmt.Errorf("load templates: %w", err)
	}
	files, err := fs.Glob(templateFS, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("load templates: %w", err)
	}
	for _, f := range files {
		if strings.HasPrefix(path.Base(f), "_") {
			if _, err := base.ParseFS(templateFS, f); err != nil {
				return nil, fmt.Errorf("load templates: %w", err)
			}
		}
	}
	t := &templates{screens: map[string]*template.Template{}}
	t.zips.New = func() any { return gzip.NewWriter(nil) }
	for _, f := range files {
		name := strings.TrimSuffix(path.Base(f), ".html")
		if name == "layout" || strings.HasPrefix(name, "_") {
			continue
		}
		set, err := base.Clone()
		if err == nil {
			_, err = set.ParseFS(templateFS, f)
		}
		if err != nil {
			return nil, fmt.Errorf("load templates: %w", err)
		}
		t.screens[name] = set
	}
	return t, nil
}

// render writes the page of a screen.
func (s *Server) render(w http.ResponseWriter, r *http.Request, v *visitor, name string, p page) error {
	return s.renderStatus(w, r, v, http.StatusOK, name, p)
}

func (s *Server) renderStatus(w http.ResponseWriter, r *http.Request, v *visitor, status int, name string, p page) error {
	set, ok := s.templates.screens[name]
	if !ok {
		return fmt.Errorf("no template %q", name)
	}
	l := layout{page: p, Visitor: v, Path: r.URL.RequestURI(), Flash: s.takeFlash(w, r), Now: s.now()}
	if c, err := r.Cookie("theme"); err == nil && (c.Value == "light" || c.Value == "dark") {
		l.Theme = c.Value
	}
	if v != nil {
		l.Queue = s.queue(r.Context())
	}
	var b bytes.Buffer // whole, so that an error shows as one
	if err := set.ExecuteTemplate(&b, "layout", l); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	s.write(w, r, status, b.Bytes())
	return nil
}

// write sends a body, packed where the client takes that.
func (s *Server) write(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	w.Header().Add("Vary", "Accept-Encoding")
	if len(body) < 1<<10 || !takesGzip(r) {
		w.WriteHeader(status)
		_, _ = w.Write(body) // the browser may have gone
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	z := s.templates.zips.Get().(*gzip.Writer)
	defer s.templates.zips.Put(z)
	z.Reset(w)
	_, _ = z.Write(body)
	_ = z.Close()
}

const flashCookie = "flash"

// flash keeps a sentence for the next page of this browser.
func (s *Server) flash(w http.ResponseWriter, text string) {
	s.setCookie(w, flashCookie, flashEncode(text), time.Minute)
}

func (s *Server) takeFlash(w http.ResponseWriter, r *http.Request) string {
	c, err := r.Cookie(flashCookie)
	if err != nil {
		return ""
	}
	s.setCookie(w, flashCookie, "", -time.Second)
	return flashDecode(c.Value)
}

// back ends a form: the browser goes to where "next" says, or to def, and reads text there.
func (s *Server) back(w http.ResponseWriter, r *http.Request, def, text string) error {
	next := r.FormValue("next")
	if next == "" {
		next = def
	}
	if text != "" {
		s.flash(w, text)
	}
	http.Redirect(w, r, safeNext(next), http.StatusSeeOther)
	return nil
}

// writeJSON answers a question of the API.
func (s *Server) writeJSON(w http.ResponseWriter, r *http.Request, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	s.write(w, r, status, append(b, '\n'))
	return nil
}

// writeProblem answers as RFC 9457 says.
func writeProblem(w http.ResponseWriter, p *problem) {
	w.Header().Set("Content-Type", "application/problem+json")
	if p.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="sluice"`)
	}
	b, err := json.Marshal(map[string]any{"type": "about:blank", "title": p.title, "status": p.status, "detail": p.detail})
	if err != nil { // two strings and a number
		b = []byte("{}")
	}
	w.WriteHeader(p.status)
	_, _ = w.Write(append(b, '\n'))
}
