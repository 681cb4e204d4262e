package config

import (
	"cmp"
	"time"
)

// File is sluice.yaml (DESIGN 4.10). Its zero value is not usable: start from Defaults.
type File struct {
	Node       string     `yaml:"node" is:"label"`
	DataDir    string     `yaml:"data_dir" path:"dir"`
	Keys       Keys       `yaml:"keys"`
	Log        Log        `yaml:"log"`
	ICAP       ICAP       `yaml:"icap"`
	Catalogue  Dirs       `yaml:"catalogue"`
	Profiles   Dirs       `yaml:"profiles"`
	Policy     Policy     `yaml:"policy"`
	Extract    Extract    `yaml:"extract"`
	Outbox     Outbox     `yaml:"outbox"`
	Database   Database   `yaml:"database"`
	Retention  Retention  `yaml:"retention"`
	Payload    Payload    `yaml:"payload"`
	Exceptions Exceptions `yaml:"exceptions"`
	Console    Console    `yaml:"console"`
	Pages      Pages      `yaml:"pages"`
	Ops        Ops        `yaml:"ops"`
	Identity   Identity   `yaml:"identity"`
	Geo        Geo        `yaml:"geo"`
	Isolate    Isolate    `yaml:"isolate"`
	Notify     []Notify   `yaml:"notify"`
	Export     []Export   `yaml:"export"`
}

// Keys names the file with the key that fingerprints, exact data match and tokens
// derive from. All nodes share it; it is kept apart from the database.
type Keys struct {
	File string `yaml:"file" path:"file"`
}

// Log sets what is logged on standard error.
type Log struct {
	Level  string `yaml:"level" one:"debug info warn error"`
	Format string `yaml:"format" one:"text json"`
}

// ICAP sets the listener that the proxy speaks to.
type ICAP struct {
	Listen         string   `yaml:"listen" is:"address"`
	Allow          []string `yaml:"allow"`
	MaxConnections int      `yaml:"max_connections"`
	Deadline       Duration `yaml:"deadline"`
	Memory         Size     `yaml:"memory"`
	Spill          Size     `yaml:"spill"`
	Overload       string   `yaml:"overload" one:"open closed"`
	TLS            TLS      `yaml:"tls"`
}

// TLS sets the icaps listener.
type TLS struct {
	Listen   string `yaml:"listen" is:"address"`
	Cert     string `yaml:"cert" path:"must"`
	Key      string `yaml:"key" path:"must"`
	ClientCA string `yaml:"client_ca" path:"must"`
}

// Dirs names directories that add to what is built in.
type Dirs struct {
	Dirs []string `yaml:"dirs"`
}

// Policy names the policy file; empty means the built-in defaults.
type Policy struct {
	File string `yaml:"file" path:"must"`
}

// Extract bounds the reading of documents.
type Extract struct {
	Expanded Size     `yaml:"expanded"`
	Member   Size     `yaml:"member"`
	Text     Size     `yaml:"text"`
	Depth    int      `yaml:"depth"`
	Members  int      `yaml:"members"`
	Time     Duration `yaml:"time"`
	OCR      bool     `yaml:"ocr"`
}

// Outbox bounds the file in the data directory that holds events until every sink has them
// (with SQLite: until retention drops them). 0 bounds it by the file system alone.
type Outbox struct {
	Cap Size `yaml:"cap"`
}

// Database names the store; an empty URL means SQLite in the data directory.
type Database struct {
	URL Secret `yaml:"url"`
}

// Retention says how long records are kept.
type Retention struct {
	Events   Duration `yaml:"events"`
	Rollups  Duration `yaml:"rollups"`
	Payloads Duration `yaml:"payloads"`
}

// Payload says whether prompts are kept, and for whose key.
type Payload struct {
	AgeRecipient string `yaml:"age_recipient"`
}

// Exceptions sets what a person's justification brings.
type Exceptions struct {
	Lifetime Duration           `yaml:"lifetime"`
	Approval string             `yaml:"approval" one:"none reviewer"`
	Profiles []ExceptionProfile `yaml:"profiles"`
}

// ExceptionProfile sets the same for one profile; what is left out is as for all. Profile
// may also be "gap:too_large" and the like, and "app" for coaching that looks at no profile.
type ExceptionProfile struct {
	Profile  string   `yaml:"profile"`
	Lifetime Duration `yaml:"lifetime"`
	Approval string   `yaml:"approval"`
}

// For returns the strictest terms for exceptions from subjects: the shortest lifetime, and
// approval when one of them needs it.
func (e Exceptions) For(subjects []string) (lifetime time.Duration, approval bool) {
	lifetime = -1
	for _, subject := range subjects {
		life, approve := e.Lifetime, e.Approval
		for _, p := range e.Profiles {
			if p.Profile == subject {
				life, approve = cmp.Or(p.Lifetime, life), cmp.Or(p.Approval, approve)
			}
		}
		if d := time.Duration(life); lifetime < 0 || d < lifetime {
			lifetime = d
		}
		approval = approval || approve == "reviewer"
	}
	return max(lifetime, 0), approval
}

// Pages names a directory with files that replace or add to what employees are shown.
type Pages struct {
	Dir string `yaml:"dir" path:"mustdir"`
}

// Console sets the web console.
type Console struct {
	Listen string `yaml:"listen" is:"address"`
	URL    string `yaml:"url" is:"url"`
	OIDC   OIDC   `yaml:"oidc"`
}

// OIDC sets sign-in by OpenID Connect. Roles and rights name the groups that bring them;
// "*" is everybody.
type OIDC struct {
	Issuer           string              `yaml:"issuer" is:"url"`
	ClientID         string              `yaml:"client_id"`
	ClientSecretFile string              `yaml:"client_secret_file" path:"must"`
	Scopes           []string            `yaml:"scopes"`
	GroupsClaim      string              `yaml:"groups_claim"`
	Roles            map[string][]string `yaml:"roles"`
	Rights           map[string][]string `yaml:"rights"`
}

// Ops sets the listener of /metrics, /healthz and /readyz.
type Ops struct {
	Listen string `yaml:"listen" is:"address"`
}

// Identity names further ICAP headers that tell who and what sent a request.
type Identity struct {
	Headers map[string]string `yaml:"headers"`
}

// Geo says where client addresses are.
type Geo struct {
	MMDB  string `yaml:"mmdb" path:"must"`
	Sites []Site `yaml:"sites"`
}

// Site is a named range of addresses.
type Site struct {
	CIDR    string `yaml:"cidr"`
	Name    string `yaml:"name"`
	Country string `yaml:"country"`
}

// Isolate says where a navigation is sent by the action isolate.
type Isolate struct {
	Template string `yaml:"template"`
}

// Notify is one channel to people.
type Notify struct {
	Name    string   `yaml:"name"`
	Type    string   `yaml:"type"`
	URL     Secret   `yaml:"url"`
	URLFile string   `yaml:"url_file"`
	Token   Secret   `yaml:"token"`
	From    string   `yaml:"from"`
	To      []string `yaml:"to"`
	CA      string   `yaml:"ca"`
	Actions []string `yaml:"actions"`
	Window  Duration `yaml:"window"`
	Rate    int      `yaml:"rate"`
}

// Export is one sink to the outside.
type Export struct {
	Name      string `yaml:"name"`
	Type      string `yaml:"type"`
	URL       Secret `yaml:"url"`
	Path      string `yaml:"path"`
	Token     Secret `yaml:"token"`
	TokenFile string `yaml:"token_file"`
	CA        string `yaml:"ca"`
	Cert      string `yaml:"cert"`
	Key       string `yaml:"key"`
	Only      string `yaml:"only"`
	History   bool   `yaml:"history"`
}

// Defaults returns the settings that an empty file means.
func Defaults() File {
	const day = Duration(24 * time.Hour)
	return File{
		DataDir: "./data",
		Log:     Log{Level: "info", Format: "text"},
		ICAP: ICAP{
			Listen: "127.0.0.1:1344", Allow: []string{"127.0.0.0/8", "::1/128"},
			Deadline: Duration(5 * time.Second), Memory: 256 << 20, Spill: 1 << 30, Overload: "closed",
		},
		Extract: Extract{
			Expanded: 64 << 20, Member: 32 << 20, Text: 16 << 20, Depth: 6, Members: 2000, Time: Duration(5 * time.Second),
		},
		Retention:  Retention{Events: 90 * day, Rollups: 400 * day, Payloads: 30 * day},
		Exceptions: Exceptions{Lifetime: day, Approval: "none"},
		Console: Console{Listen: "127.0.0.1:8080", OIDC: OIDC{
			Scopes: []string{"openid", "profile", "email"}, GroupsClaim: "groups",
		}},
		Ops: Ops{Listen: "127.0.0.1:9090"},
	}
}
