package console

// ForgetReports empties the cache, so that the next page asks the database.
func (s *Server) ForgetReports() {
	s.reports.drop("")
	s.forgetQueue()
}
