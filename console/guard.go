package console

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// contentPolicy lets pages load what this server embeds, and nothing else; scripts can
// write markup through the policy named console alone (Trusted Types).
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
	"manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types console"

// maxBody bounds what a visitor may send; routes that need less say so themselves.
const maxBody = 16 << 20

// guard puts before every route what no route may forget.
func (s *Server) guard(next http.Handler, u *url.URL) (http.Handler, error) {
	cross := http.NewCrossOriginProtection()
	if u.Host != "" { // a proxy in front may have changed Host
		if err := cross.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			return nil, fmt.Errorf("console.url: %w", err)
		}
	}
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, nil, strings.HasPrefix(r.URL.Path, apiPrefix), &problem{
			status: http.StatusForbidden, title: "Not from here", detail: "Another site sent this request, so it was not carried out.",
		})
	}))
	next = cross.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		h.Set("Cache-Control", "no-store")
		if s.secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	}), nil
}
