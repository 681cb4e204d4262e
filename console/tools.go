package console

// toolRoutes are the log explorer, the audit trail, settings and the first-run page.
func (s *Server) toolRoutes() []route { return nil }
