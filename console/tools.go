package console

// toolRoutes are the log explorer, the audit trail, settings and the first-run page.
func (s *Server) toolRoutes() []route {
	return []route{
		{pattern: "GET /explorer", right: RightSQL, serve: s.explorer},
		{pattern: "GET /explorer.csv", right: RightSQL, serve: s.explorerCSV},
		{pattern: "GET /audit", right: RightReview, serve: s.audit},
		{pattern: "GET /settings", right: RightView, serve: s.settings},
		{pattern: "POST /settings/password", right: RightView, stepUp: true, serve: s.changePassword},
		{pattern: "POST /settings/tokens", right: RightView, stepUp: true, serve: s.makeToken},
		{pattern: "POST /settings/tokens/{id}/revoke", right: RightView, person: true, serve: s.revokeToken},
		{pattern: "POST /settings/accounts", right: RightAdmin, stepUp: true, serve: s.makeAccount},
		{pattern: "POST /settings/accounts/{name}", right: RightAdmin, stepUp: true, serve: s.changeAccount},
		{pattern: "GET /start", right: RightView, serve: s.start},
		{pattern: "POST /start/probe", right: RightView, person: true, serve: s.probe},
	}
}
