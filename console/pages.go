package console

// pageRoutes are the screens.
func (s *Server) pageRoutes() []route {
	return []route{
		{pattern: "GET /{$}", right: RightView, serve: s.overview},
		{pattern: "GET /apps", right: RightView, serve: s.apps},
		{pattern: "GET /apps.csv", right: RightView, serve: s.appsCSV},
		{pattern: "POST /apps/status", right: RightReview, serve: s.setMany},
		{pattern: "GET /apps/{id}", right: RightView, serve: s.app},
		{pattern: "POST /apps/{id}/status", right: RightReview, serve: s.setStatus},
		{pattern: "GET /events", right: RightView, serve: s.events},
		{pattern: "GET /events.csv", right: RightView, serve: s.eventsCSV},
		{pattern: "GET /events.ndjson", right: RightView, serve: s.eventsNDJSON},
		{pattern: "GET /events/live", right: RightView, serve: s.eventsLive},
		{pattern: "POST /events/triage", right: RightReview, serve: s.triage},
		{pattern: "POST /events/views", right: RightView, serve: s.saveView},
		{pattern: "POST /events/views/{id}/delete", right: RightView, serve: s.dropView},
		{pattern: "GET /events/{id}", right: RightView, serve: s.event},
		{pattern: "POST /events/{id}/review", right: RightReview, serve: s.review},
		{pattern: "GET /events/{id}/reveal", right: RightEvidence, stepUp: true, serve: s.revealAsk},
		{pattern: "POST /events/{id}/reveal", right: RightEvidence, stepUp: true, serve: s.reveal},
		{pattern: "POST /mutes/{id}/end", right: RightReview, serve: s.endMute},
		{pattern: "GET /people", right: RightView, serve: s.people},
		{pattern: "GET /people/{id}", right: RightView, serve: s.person},
		{pattern: "GET /exceptions", right: RightView, serve: s.exceptions},
		{pattern: "POST /exceptions/{id}", right: RightReview, serve: s.decide},
		{pattern: "GET /coverage", right: RightView, serve: s.coveragePage},
		{pattern: "GET /report", right: RightView, serve: s.report},
		{pattern: "GET /precision", right: RightView, serve: s.precision},
		{pattern: "GET /policy", right: RightView, serve: s.policyView},
		{pattern: "POST /policy", right: RightView, serve: s.simulate},
		{pattern: "GET /playground", right: RightView, serve: s.playground},
		{pattern: "POST /playground", right: RightView, serve: s.playgroundTry},
		{pattern: "POST /playground/replay", right: RightEvidence, stepUp: true, serve: s.replay},
		{pattern: "POST /playground/{kind}", right: RightView, serve: s.playgroundFile},
		{pattern: "GET /find", right: RightView, serve: s.find},
	}
}
