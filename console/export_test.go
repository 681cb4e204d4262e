package console

// ForgetReports empties the cache, so that the next page asks the database.
func (s *Server) ForgetReports() {
	s.reports.mu.Lock()
	defer s.reports.mu.Unlock()
	s.reports.entries = nil
	s.forgetQueue()
}
