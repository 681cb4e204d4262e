package console

import "net/http"

// pageRoutes are the screens.
func (s *Server) pageRoutes() []route {
	return []route{{pattern: "GET /{$}", right: RightView, serve: s.overview}}
}

func (s *Server) overview(w http.ResponseWriter, r *http.Request, v *visitor) error {
	return s.render(w, r, v, "overview", page{Title: "Overview", Nav: "overview"})
}
