package console

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/store"
)

// route is one thing the console does, and who may ask for it. The table of all is what
// the access test walks over.
type route struct {
	pattern string // "GET /apps/{id}"
	right   Right  // rightNone: everybody, signed in or not
	stepUp  bool   // needs a sign-in of the last minutes: reveal, policy, roles
	person  bool   // not by an API token
	query   string // parameters that a route of the API knows, between blanks
	serve   func(w http.ResponseWriter, r *http.Request, v *visitor) error
}

func (rt *route) api() bool { return strings.Contains(rt.pattern, " "+apiPrefix) }

// apiPrefix begins every path of the HTTP API.
const apiPrefix = "/api/v1/"

// mux dispatches to the routes. What no route has is a 404 of the console's look, or a 405 where another
// method has one.
func (s *Server) mux() http.Handler {
	mux := http.NewServeMux()
	for i := range s.routes {
		rt := &s.routes[i]
		mux.HandleFunc(rt.pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, rt) })
	}
	mux.Handle("GET /static/", s.assets)
	if s.o.Coach != nil {
		mux.Handle("/coach", s.o.Coach)
		mux.Handle("/coach/", s.o.Coach)
	}
	none := route{pattern: "/", serve: func(w http.ResponseWriter, r *http.Request, _ *visitor) error { return missing(mux, w, r) }}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, &none) })
	mux.HandleFunc(apiPrefix, func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, nil, true, missing(mux, w, r))
	})
	return mux
}

// missing says why no route of mux serves r. RFC 9110 §15.5.6: a 405 names the methods there are.
func missing(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) error {
	var allow []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		_, pattern := mux.Handler(&http.Request{Method: method, Host: r.Host, URL: r.URL})
		if strings.HasPrefix(pattern, method+" ") || method == http.MethodHead && strings.HasPrefix(pattern, "GET ") {
			allow = append(allow, method)
		}
	}
	if len(allow) == 0 {
		return errNotFound
	}
	w.Header().Set("Allow", strings.Join(allow, ", "))
	return errMethod
}

// serve lets the visitor do what the route does, if they may.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, rt *route) {
	began := time.Now()
	defer func() { s.met.took(rt.pattern, time.Since(began)) }()
	v, err := s.visit(w, r, rt.api())
	if err == nil {
		err = s.admit(rt, v)
	}
	if err == nil && rt.api() {
		err = checkQuery(rt.query, r.URL.Query())
	}
	if err == nil {
		err = rt.serve(w, r, v)
	}
	if err != nil {
		s.fail(w, r, v, rt.api(), err)
	}
}

// Answers to visitors who may not.
var (
	errNotFound = &problem{status: http.StatusNotFound, title: "Not found", detail: "There is nothing at this address."}
	errMethod   = &problem{status: http.StatusMethodNotAllowed, title: "Not that way", detail: "This address takes other methods: the header Allow names them."}
	errSignIn   = &problem{status: http.StatusUnauthorized, title: "Sign in", detail: "Sign in first."}
	errRight    = &problem{status: http.StatusForbidden, title: "Not allowed", detail: "Your role does not allow this. An administrator can change it under Settings."}
	errPerson   = &problem{status: http.StatusForbidden, title: "Not allowed", detail: "This needs a person who is signed in; an API token is not enough."}
	errStepUp   = &problem{status: http.StatusForbidden, title: "Confirm that it is you", detail: "This needs a sign-in of the last minutes."}
)

// checkQuery refuses parameters of a program that the route does not know, or that are given
// twice: it would take the answer for that to another question, most often for all there is.
func checkQuery(known string, q url.Values) error {
	names := strings.Fields(known)
	for _, name := range slices.Sorted(maps.Keys(q)) {
		if !slices.Contains(names, name) {
			if len(names) == 0 {
				return badInput(fmt.Sprintf("There is no parameter %q: this address has none.", name))
			}
			return badInput(fmt.Sprintf("There is no parameter %q: this address has %s.", name, strings.Join(names, ", ")))
		}
		if len(q[name]) != 1 {
			return badInput(name + " is given more than once.")
		}
	}
	return nil
}

// admit says whether v may use the route.
func (s *Server) admit(rt *route, v *visitor) error {
	switch {
	case rt.right == rightNone:
		return nil
	case v == nil:
		return errSignIn
	case (rt.person || rt.stepUp) && v.token != "":
		return errPerson
	case !v.can(rt.right):
		return errRight
	case rt.stepUp && s.now().Sub(v.proved) > s.o.Fresh:
		return errStepUp
	}
	return nil
}

// problem is an error that the visitor is told.
type problem struct {
	status        int
	title, detail string
}

func (p *problem) Error() string { return p.title + ": " + p.detail }

// badInput is a problem with what the visitor sent.
func badInput(detail string) error {
	return &problem{status: http.StatusBadRequest, title: "That does not work", detail: detail}
}

// fail answers with the error: a page, a redirect to the sign-in, or problem+json. What is
// not the visitor's affair is logged.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, v *visitor, api bool, err error) {
	var p *problem
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &p):
	case errors.Is(err, store.ErrNotFound):
		p = errNotFound
	case errors.As(err, &tooLarge):
		p = &problem{status: http.StatusRequestEntityTooLarge, title: "Too large", detail: "That is more than the console takes."}
	case errors.Is(err, context.Canceled):
		return // nobody waits for the answer
	default:
		id := newID()
		s.log.Error("request failed", "request_id", id, "method", r.Method, "path", r.URL.Path, "error", err)
		p = &problem{status: http.StatusInternalServerError, title: "Something went wrong", detail: "The log of this node says what, under request " + id + "."}
	}
	if api {
		writeProblem(w, p)
		return
	}
	if p == errSignIn || p == errStepUp {
		s.toSignIn(w, r, p == errStepUp)
		return
	}
	if err := s.renderStatus(w, r, v, p.status, "problem", page{Title: p.title, Data: p.detail}); err != nil {
		s.log.Error("render the page of an error", "error", err)
	}
}

// toSignIn sends the visitor to the sign-in, and back afterwards. What was posted is not
// kept: they come back to where the form was.
func (s *Server) toSignIn(w http.ResponseWriter, r *http.Request, again bool) {
	next := r.URL.RequestURI()
	if r.Method != http.MethodGet {
		next = localPath(r.Referer(), r.Host)
	}
	q := url.Values{"next": {next}}
	if again {
		q.Set("again", "1")
	}
	http.Redirect(w, r, "/signin?"+q.Encode(), http.StatusSeeOther)
}

// localPath returns path and query of an address of this console, or "/".
func localPath(address, host string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host != host {
		return "/"
	}
	return safeNext(u.RequestURI())
}

// safeNext returns next when it is a path here, else "/": nobody is led elsewhere after
// signing in.
func safeNext(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}
