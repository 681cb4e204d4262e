package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sluice.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAnEmptyFileIsTheDefaults(t *testing.T) {
	path := write(t, "")
	got, err := Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Defaults()
	want.Node = got.Node
	want.DataDir = filepath.Join(filepath.Dir(path), "data")
	want.Keys.File = filepath.Join(want.DataDir, "keys")
	if d := cmp.Diff(&want, got); d != "" {
		t.Error(d)
	}
}

func TestEveryMistakeIsToldAtOnceWithPlaceAndRemedy(t *testing.T) {
	cases := map[string]struct {
		text string
		want []string
	}{
		"unknown keys name the closest known one, or all": {
			"icap:\n  lisen: 127.0.0.1:1344\nzebra: 1\n",
			[]string{`sluice.yaml:2: unknown setting "icap.lisen" (did you mean "listen"?)`, `sluice.yaml:3: unknown setting "zebra" (one of `},
		},
		"wrong types say what to write": {
			"icap:\n  deadline: soon\n  memory: lots\n  max_connections: many\nextract: {ocr: perhaps}\nlog: [info]\n",
			[]string{
				`sluice.yaml:2: "icap.deadline": "soon" is not a duration; write for example 90d, 24h or 5s`,
				`sluice.yaml:3: "icap.memory": "lots" is not a size; write for example 256MiB, 1GB or 4096`,
				`sluice.yaml:4: "icap.max_connections": "many" is not a whole number`,
				`sluice.yaml:5: "extract.ocr": "perhaps" is not true or false`,
				`sluice.yaml:6: "log" must hold name: value pairs`,
			},
		},
		"values that cannot work are refused": {
			"log: {level: loud}\nicap:\n  listen: nowhere\n  allow: [everywhere]\n  tls: {listen: ':11344'}\ndatabase: {url: mysql://x}\npolicy: {file: missing.yaml}\n",
			[]string{
				`sluice.yaml:1: "log.level": must be one of debug, info, warn, error, not "loud"`,
				`sluice.yaml:3: "icap.listen": "nowhere" is not host:port`,
				`sluice.yaml:4: "icap.allow[0]": "everywhere" is not a network`,
				`sluice.yaml:5: "icap.tls.listen": icaps needs icap.tls.cert and icap.tls.key too`,
				`sluice.yaml:6: "database.url": must begin with postgres://`,
				`sluice.yaml:7: "policy.file": `,
			},
		},
		"an empty data_dir is no directory": {
			"data_dir: \"\"\n", []string{`sluice.yaml:1: "data_dir": must name a directory; leave it out for ./data`},
		},
		"nobody allowed is not everybody": {
			"icap: {allow: []}\n", []string{`sluice.yaml:1: "icap.allow": must name the networks of the proxies; write 0.0.0.0/0 and ::/0 to let everybody in`},
		},
		"labels are one line of text": {
			"node: \"gw1\\e[2K\\nerror\"\ngeo: {sites: [{cidr: 10.0.0.0/8, name: \"a\\tb\"}]}\n",
			[]string{
				`sluice.yaml:1: "node": "gw1\x1b[2K\nerror" has control characters; write a label that is one line of text`,
				`sluice.yaml:2: "geo.sites[0].name": "a\tb" has control characters`,
			},
		},
		"an identity provider needs what it sends people back to": {
			"console:\n  oidc:\n    issuer: https://idp.example\n",
			[]string{
				`sluice.yaml:3: "console.oidc.issuer": set console.oidc.client_id too`,
				`sluice.yaml:3: "console.oidc.issuer": set console.oidc.roles too`,
				`sluice.yaml:3: "console.oidc.issuer": set console.url too`,
			},
		},
		"roles and rights are those of the console": {
			"console:\n  oidc:\n    roles: {root: [x]}\n    rights: {view: [x]}\n",
			[]string{
				`sluice.yaml:3: "console.oidc.roles": unknown role "root"; known: viewer, reviewer, admin`,
				`sluice.yaml:4: "console.oidc.rights": unknown right "view"; known: evidence, sql, names`,
			},
		},
		"a channel's settings fit its type": {
			"notify:\n  - {type: pager}\n  - {type: slack, url: 'ftp://x', from: a@b}\n  - {type: smtp, url: 'smtp://u:hunter2@h', from: me, to: [you], token: t}\n" +
				"  - {type: webhook, url: 'https://h', url_file: missing, actions: [shout], rate: -1}\n  - {type: webhook, url: 'https://h'}\n",
			[]string{
				`sluice.yaml:2: "notify[0].type": must be one of slack, smtp, webhook, not "pager"`,
				`sluice.yaml:3: "notify[1].type": from and to are for a channel of type smtp; remove them`,
				`sluice.yaml:3: "notify[1].url": is no address of a channel of type slack; write for example https://hooks.slack.com/services/…`,
				`sluice.yaml:4: "notify[2].from": "me" is no address`,
				`sluice.yaml:4: "notify[2].to[0]": "you" is no address`,
				`sluice.yaml:4: "notify[2].token": means nothing for a channel of type smtp`,
				`sluice.yaml:5: "notify[3].actions[0]": unknown action "shout"`,
				`sluice.yaml:5: "notify[3].rate": must be 0`,
				`sluice.yaml:5: "notify[3].url": set url or url_file, and not both`,
				`sluice.yaml:5: "notify[3].url_file": `,
				`sluice.yaml:6: "notify[4].name": notify[3] has the same name "webhook h"; each needs one of its own`,
			},
		},
		"terms of exceptions are checked": {
			"exceptions:\n  profiles:\n    - {lifetime: 1h}\n    - {profile: pci, approval: boss}\n",
			[]string{
				`sluice.yaml:3: "exceptions.profiles[0]": has no profile`,
				`sluice.yaml:4: "exceptions.profiles[1].approval": must be one of none, reviewer, not "boss"`,
			},
		},
		"an exporter's settings fit its type": {
			"export:\n  - {type: kafka}\n  - {type: file}\n  - {type: syslog, url: 'udp://siem:514', token: x}\n" +
				"  - {type: http, url: 'https://s:8088/x', token: a, token_file: missing, cert: missing}\n  - {type: stdout, only: some}\n  - {type: stdout, colour: red}\n",
			[]string{
				`sluice.yaml:7: unknown setting "export[5].colour" (one of name, type, url, path, token, token_file, ca, cert, key, only, history)`,
				`sluice.yaml:2: "export[0].type": must be one of file, http, stdout, syslog, not "kafka"`,
				`sluice.yaml:3: "export[1].path": an exporter of type file needs it`,
				`sluice.yaml:4: "export[2].token": means nothing for an exporter of type syslog; remove it`,
				`sluice.yaml:4: "export[2].url": is not an address of syslog over TLS`,
				`sluice.yaml:5: "export[3].cert": cert and key belong together`,
				`no such file; create it or correct the path`,
				`sluice.yaml:5: "export[3].token": set token or token_file, not both`,
				`sluice.yaml:5: "export[3].token_file": `,
				`sluice.yaml:6: "export[4].only": must be one of all, notable, not "some"`,
				`sluice.yaml:7: "export[5].name": export[4] has the same name "stdout"; each needs one of its own`,
			},
		},
		"a key that cannot encrypt is refused": {
			"payload: {age_recipient: alice}\n", []string{`sluice.yaml:1: "payload.age_recipient": want one age public key (age1…)`},
		},
		"a key given twice is a mistake": {
			"node: a\nnode: b\n", []string{`sluice.yaml:2: setting "node" is given twice; keep one`},
		},
		"what cannot be read and what cannot be right are told in one run, each once": {
			"nod: x\nicap: {deadline: fast, overload: maybe, allow: [[]]}\nextract: {depth: [], members: -1}\n",
			[]string{
				`sluice.yaml:1: unknown setting "nod"`, `sluice.yaml:2: "icap.deadline": "fast" is not a duration`,
				`sluice.yaml:2: "icap.allow[0]" must be a single value`, `sluice.yaml:2: "icap.overload": must be one of open, closed`,
				`sluice.yaml:3: "extract.depth" must be a single value`, `sluice.yaml:3: "extract.members": must be more than 0`,
			},
		},
		"a file that is not YAML names the line": {
			"icap: {listen\n", []string{"sluice.yaml:1: not valid YAML: did not find expected"},
		},
		"a file that is not text": {
			"\xff\xfe\x00", []string{"sluice.yaml:1: not valid YAML: incomplete UTF-16 character"},
		},
		"a second document": {
			"node: a\n---\nnode: b\n", []string{"sluice.yaml:2: a second document starts here; settings are one"},
		},
		"broken YAML behind the first document": {
			"node: a\n---\nnode: [\n", []string{"sluice.yaml:3: not valid YAML:"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Load(write(t, c.text), nil)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("missing %q in:\n%v", want, err)
				}
			}
			if got := strings.Count(err.Error(), "\n") + 1; got != len(c.want) {
				t.Errorf("%d mistakes told, want %d:\n%v", got, len(c.want), err)
			}
		})
	}
}

func TestSettingsWithMistakesAreGoodEnoughToLookForMore(t *testing.T) {
	f, err := Load(write(t, "nod: x\nicap: {overload: maybe}\npolicy: {file: gone.yaml}\nprofiles: {dirs: [., gone]}\ndatabase: {url: 'mysql://x'}\nlog: {level: debug}\n"), nil)
	if err == nil || f == nil {
		t.Fatalf("got %v, %v", f, err)
	}
	if f.ICAP.Overload != "closed" || f.Policy.File != "" || len(f.Profiles.Dirs) != 1 || f.Database.URL.Reveal() != "" {
		t.Errorf("mistakes are still there: %+v", f)
	}
	if f.Log.Level != "debug" {
		t.Error("what is right is lost")
	}
	if f, err := Load(write(t, "icap: {listen\n"), nil); err == nil || f != nil {
		t.Errorf("what is no YAML gave %v, %v", f, err)
	}
}

func TestEnvironmentOverridesTheFileAndFlagsOverrideBoth(t *testing.T) {
	path := write(t, "icap: {listen: '127.0.0.1:1', deadline: 7s}\nops: {listen: '127.0.0.1:2'}\n")
	t.Setenv("SLUICE_ICAP_LISTEN", "127.0.0.1:3")
	t.Setenv("SLUICE_OPS_LISTEN", "127.0.0.1:4")
	t.Setenv("SLUICE_ICAP_MEMORY", "1MiB")
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	flags.String("ops.listen", "", "")
	flags.String("icap.listen", "", "")
	if err := flags.Parse([]string{"--ops.listen", "127.0.0.1:5"}); err != nil {
		t.Fatal(err)
	}
	f, err := Load(path, flags)
	if err != nil {
		t.Fatal(err)
	}
	if f.ICAP.Listen != "127.0.0.1:3" || f.Ops.Listen != "127.0.0.1:5" || f.ICAP.Memory != 1<<20 || f.ICAP.Deadline != Duration(7*time.Second) {
		t.Errorf("got %+v %+v", f.ICAP, f.Ops)
	}
	t.Setenv("SLUICE_ICAP_DEADLINE", "soon")
	if _, err := Load(path, nil); err == nil || !strings.Contains(err.Error(), "SLUICE_ICAP_DEADLINE") {
		t.Errorf("a bad variable is not named: %v", err)
	}
	t.Setenv("SLUICE_ICAP_ALLOW", "10.0.0.0/8")
	if _, err := Load(path, nil); err == nil || !strings.Contains(err.Error(), `SLUICE_ICAP_ALLOW: "icap.allow" is no single value; set it in the settings file`) {
		t.Errorf("the variable of a list is not refused: %v", err)
	}
}

func TestMistakesNameWhatSetTheValue(t *testing.T) {
	path := write(t, "icap: {deadline: 7s}\nops: {listen: nowhere}\nlog: {level: loud}\n")
	for name, value := range map[string]string{
		"SLUICE_ICAP_DEADLINE": "0s", "SLUICE_ICAP_MEMORY": "much", "SLUICE_LOG_LEVEL": "shrill", "SLUICE_LOG_FORMAT": "prose", "SLUICE_OPS_LISTEN": "here",
	} {
		t.Setenv(name, value)
	}
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	flags.String("log.level", "", "")
	flags.String("ops.listen", "", "")
	if err := flags.Parse([]string{"--log.level", "shy"}); err != nil {
		t.Fatal(err)
	}
	_, err := Load(path, flags)
	if err == nil {
		t.Fatal("no error")
	}
	want := []string{
		`SLUICE_ICAP_MEMORY: "much" is not a size; write for example 256MiB, 1GB or 4096`,
		`--log.level: must be one of debug, info, warn, error, not "shy"`,
		`SLUICE_ICAP_DEADLINE: must be more than 0`,
		`SLUICE_LOG_FORMAT: must be one of text, json, not "prose"`,
		`SLUICE_OPS_LISTEN: "here" is not host:port; write for example 127.0.0.1:1344`,
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
}

func TestFilesThatAreNoSettings(t *testing.T) {
	dir := t.TempDir()
	large := write(t, strings.Repeat("# a comment\n", 1<<17))
	for path, want := range map[string]string{
		dir:                           "read settings: " + dir + " is a directory; name the file in it, such as " + filepath.Join(dir, "sluice.yaml"),
		filepath.Join(dir, "no.yaml"): "no.yaml: no such file or directory; correct --config, or leave it out for sluice.yaml of this directory or the defaults",
		large:                         "read settings: " + large + " is larger than 1048576 bytes, which no settings are",
	} {
		if f, err := Load(path, nil); f != nil || err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestListenersNeedAddressesOfTheirOwn(t *testing.T) {
	_, err := Load(write(t, "icap: {listen: ':7'}\nops: {listen: ':7'}\nconsole: {listen: ':0'}\n"), nil)
	if err == nil || !strings.HasSuffix(err.Error(), `sluice.yaml:2: "ops.listen": :7 is the address of icap.listen too; give each its own`) {
		t.Error(err)
	}
	if _, err := Load(write(t, "icap: {listen: ':0', tls: {listen: ''}}\nops: {listen: ':0'}\nconsole: {listen: ''}\n"), nil); err != nil {
		t.Error(err)
	}
	dir := t.TempDir()
	if _, err := Load(write(t, "policy: {file: '"+dir+"'}\n"), nil); err == nil || !strings.HasSuffix(err.Error(), dir+" is a directory; name a file") {
		t.Error(err)
	}
}

func TestUnknownVariables(t *testing.T) {
	cases := map[string]struct{ mistake, warning string }{
		"SLUICE_ICAP_LISTN=x":                 {mistake: `SLUICE_ICAP_LISTN: unknown setting (did you mean "SLUICE_ICAP_LISTEN"?)`},
		"SLUICE_icap_listen=x":                {mistake: `SLUICE_icap_listen: unknown setting (did you mean "SLUICE_ICAP_LISTEN"?)`},
		"SLUICE_DATADIR=x":                    {mistake: `SLUICE_DATADIR: unknown setting (did you mean "SLUICE_DATA_DIR"?)`},
		"SLUICE_LOGLEVEL=x":                   {mistake: `SLUICE_LOGLEVEL: unknown setting (did you mean "SLUICE_LOG_LEVEL"?)`},
		"SLUICE_NOD=x":                        {mistake: `SLUICE_NOD: unknown setting (did you mean "SLUICE_NODE"?)`},
		"SLUICE_OPS_ENABLED_EVERYWHERE=x":     {mistake: `SLUICE_OPS_ENABLED_EVERYWHERE: unknown setting (one of SLUICE_OPS_LISTEN)`},
		"SLUICE_KEYS_RING=x":                  {mistake: `SLUICE_KEYS_RING: unknown setting (did you mean "SLUICE_KEYS_FILE"?)`},
		"SLUICE_LISTEN=x":                     {warning: `SLUICE_LISTEN: no setting has this name, and it changes nothing; each is built as SLUICE_ICAP_LISTEN is`},
		"SLUICE_HOME=x":                       {warning: `SLUICE_HOME: no setting has this name, and it changes nothing; each is built as SLUICE_ICAP_LISTEN is`},
		"SLUICE_ICAP_LISTEN=x":                {},
		"SLUICE_ICAP_ALLOW=x":                 {}, // refused as a list
		"SLUICE_ICAP_LISTN=":                  {}, // not set
		"SLUICES=x":                           {},
		"SLUICE_KERNEL=portable":              {},
		"SLUICE_PORT=tcp://10.0.0.7:1344":     {},
		"SLUICE_PORT_1344_TCP_ADDR=10.0.0.7":  {},
		"SLUICE_SERVICE_PORT_ICAP=1344":       {},
		"SLUICE_ICAP_SERVICE_HOST=10.0.0.7":   {},
		"SLUICE_ICAP_PORT=tcp://10.0.0.7:134": {},
	}
	for e, want := range cases {
		t.Run(e, func(t *testing.T) {
			mistakes, warnings := unknownVariables([]string{"PATH=/bin", e})
			var got struct{ mistake, warning string }
			if len(mistakes) > 0 {
				got.mistake = mistakes[0].Error()
			}
			if len(warnings) > 0 {
				got.warning = warnings[0]
			}
			if len(mistakes)+len(warnings) > 1 || got != want {
				t.Errorf("got %v and %v, want %+v", mistakes, warnings, want)
			}
		})
	}
	t.Setenv("SLUICE_ICAP_DEADLIN", "secret")
	if _, err := Load("", nil); err == nil || !strings.Contains(err.Error(), "SLUICE_ICAP_DEADLIN: unknown") || strings.Contains(err.Error(), "secret") {
		t.Errorf("Load: %v", err)
	}
}

func TestTermsOfExceptionsAreTheStrictest(t *testing.T) {
	f, err := Load(write(t, "exceptions:\n  lifetime: 8h\n  profiles:\n    - {profile: pci, lifetime: 1h}\n    - {profile: secrets, approval: reviewer}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for subjects, want := range map[string]struct {
		lifetime time.Duration
		approval bool
	}{
		"default": {8 * time.Hour, false}, "pci": {time.Hour, false}, "secrets": {8 * time.Hour, true},
		"default pci secrets": {time.Hour, true}, "gap:too_large": {8 * time.Hour, false}, "": {0, false},
	} {
		lifetime, approval := f.Exceptions.For(strings.Fields(subjects))
		if lifetime != want.lifetime || approval != want.approval {
			t.Errorf("%s: %s, approval %v", subjects, lifetime, approval)
		}
	}
}

func TestCredentialsDoNotPrint(t *testing.T) {
	f, err := Load(write(t, "database: {url: 'postgres://u:hunter2@h/db'}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{f.Database.URL.String(), f.Database.URL.GoString()} {
		if strings.Contains(s, "hunter2") {
			t.Error("the password is printed")
		}
	}
	if f.Database.URL.Reveal() != "postgres://u:hunter2@h/db" {
		t.Error("the value is lost")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("icap: {listen: ':1', allow: [a]}\ngeo: {sites: [{cidr: 1}]}\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte("? {}\n: 1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := Defaults()
		d := decoder{name: "sluice.yaml", lines: map[string]int{}, bad: map[string]bool{}}
		if err := d.decode(data, &file); err != nil && len(d.mistakes) > 0 {
			t.Errorf("what is no YAML was read: %v", d.mistakes)
		}
	})
}
