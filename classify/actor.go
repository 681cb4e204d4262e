package classify

// Actor tells who sent the request: person, agent or server.
func Actor(r Request) string { return "person" }

// Account is what the request tells of the account it is made with.
type Account struct{ ID, Plan, Kind string } // Kind: personal | company | unknown

// AccountOf reads the account signals of an app's request; body may be nil.
func AccountOf(app *App, r Request, body []byte) Account { return Account{Kind: "unknown"} }
