package console

// apiRoutes are the HTTP API.
func (s *Server) apiRoutes() []route { return nil }
