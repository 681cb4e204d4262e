package check

import "testing"

// glue joins the parts of a made-up secret, so that tools that look for secrets in source
// code do not stop this file.
func glue(parts ...string) (out string) {
	for _, p := range parts {
		out += p
	}
	return out
}

// structured are values of the validators that no authority numbers.
var structured = map[string]struct{ good, bad []string }{
	"age_secret_key": {
		[]string{glue("AGE-SECRET", "-KEY-13C3M6HE6AWPAYS2VTD3MHSY2MSZMNTAWE4DXCDJ0NRAJDHWYYDMQ5SDDQZ")},
		[]string{glue("AGE-SECRET", "-KEY-13C3M6HE6AWPAYS2VTD3MHSY2MSZMNTAWE4DXCDJ0NRAJDHWYYDMQ5SDDQQ"), "age1", ""},
	},
	"aws_access_key_id": {
		[]string{glue("AKI", "AYOSFODNN5D6TYQBF"), glue("AKI", "AIH3LYKBMFCBEVADO")},
		[]string{"AKIAIOSFODNN7EXAMPLE", "AKIAAAAAAAAAAAAAAAAA", "AKIA"},
	},
	"basic_auth":          {[]string{"c3ZjLWV0bDpoeGxSMjg0YUxkdm4="}, []string{"c3ZjLWV0bA==", "////", "%", "dXNlcjpwYXNzd29yZA=="}},
	"bip39":               {[]string{"lamp river cloud stone maple orbit cabin tiger velvet north amber field"}, []string{"one two three", "a a a a a a a a a a a a"}},
	"code_name":           {[]string{"Project Larkspur", "Operation Nightjar"}, []string{"Project Manager", "Project Gutenberg", "Project", "Operation Documentation"}},
	"connection_string":   {[]string{"Server=db1;Database=pay;User ID=svc;Password=Kes7rel;", "jdbc:oracle:thin:hr/Moj7Kes@db1:1521/x"}, []string{"Server=db1;Database=pay", "Password=Kes7rel;", "Server=db1;Password=${PW};"}},
	"crypto_wallet":       {[]string{"19UcnBzqw4356fYMZiq5bHVdyPrqMscZ82", "bc1q8uar69getdjly2zh0zm48u2eslufc69daf9rh0", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"}, []string{"19UcnBzqw4356fYMZiq5bHVdyPrqMscZ83", "bc1q8uar69getdjly2zh0zm48u2eslufc69daf9rh1", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1beAed", "0x0000000000000000000000000000000000000000"}},
	"discord_token":       {[]string{glue("Mjc1NjA0ODA2MzU4", "MTc4Mzk3.gTqBu4.wweocv81k2lsNaWQrZzhB4GZqT8hqt0pmpsLww")}, []string{"bm90IGFuIGlk.gTqBu4.x", "%.a.b"}},
	"document_number":     {[]string{"C01X00T47", "533380006"}, []string{"ABCDEFGHI", "000000000", "123456789"}},
	"email_spelled":       {[]string{"ann [at] haldenfoods [dot] co [dot] uk", "ann(at)lark.io", "ann at lark dot io"}, []string{"a [at] example [dot] com", "look at the dot com", "at dot"}},
	"email":               {[]string{"ann@haldenfoods.co.uk", "Ann+x@lark.io"}, []string{"a@example.com", "git@github.com", "logo@2x.png", "a..b@lark.io", "noreply@lark.io", "x@db.internal"}},
	"gcp_service_account": {[]string{glue(`"type": "service_account", "private_key": "-----BEGIN`, ` PRIVATE KEY-----\n1D0SZaozaNv4AH17KzcnNjeh1MVLymYZwH6Qqq5X1wUGAJ7Wx98vjE6boQ\n-----END PRIVATE KEY-----"`)}, []string{`"type": "service_account"`, `"private_key": "..."`}},
	"github_token": {
		[]string{glue("ghp_", "zymMlopiWfqUyHRSIf8NFmAUNLnY5Y0fCMcF")},
		[]string{"ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "ghp_short", "ghp"},
	},
	"npm_token":       {[]string{glue("npm_", "zymMlopiWfqUyHRSIf8NFmAUNLnY5Y0fCMcF"), "5ace6900-2db5-10e3-dd1a-62f72f3c6a32"}, []string{"npm_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}},
	"hex_secret":      {[]string{"7c9e2ed829af48d9d59ce6ca6b0b9658"}, []string{"00000000000000000000000000000000", "0123456789abcdef0123456789abcdef", "12345678901234567890123456789012", "deadbeefdeadbeefdeadbeefdeadbee1"}},
	"password":        {[]string{"Kestrel#2024", "w1nterfell"}, []string{"changeme1!", "${DB_PASS}", "required", "user_name", "<password>", "12345", "********"}},
	"password_prose":  {[]string{"Kestrel#2024", "hunter_2024_x", "kestrel/2024", "Kestrel7/lake.x", "至Kestrel#7"}, []string{"lib/unwind-1.c", "gdb.base/a_b.exp", "int32(1", "(*Tgroup)(x", "至少8位。", "io.Pipe(", "&emptyPass", "case-sensitive", "2024-01-15", "/etc/passwd1", "user_name", "bytes)"}},
	"password_strong": {[]string{"Kestrel#2024", "Moj7Kestrel"}, []string{"lowercase", "SHA256", "UTF-16", "Base64", "12-34", "a/b2"}},
	"phone":           {[]string{"+49 0171 8016987", "+390612345678", "+44 161 496 0503", "(312) 555-0142", "0049 171 8016987"}, []string{"2024-01-15", "+1 123 456 7890", "123456789", "+999 12345678", "02110-1301", "0000000000", "+5101231425", "0069 0307 0301"}},
	"private_key":     {[]string{glue("-----BEGIN RSA", " PRIVATE KEY-----\n1D0SZaozaNv4AH17KzcnNjeh1MVLymYZwH6Qqq5X1wUGAJ7Wx98vjE6boQ==\n-----END RSA PRIVATE KEY-----")}, []string{glue("-----BEGIN", " PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----"), "-----BEGIN CERTIFICATE-----", ""}},
	"secret":          {[]string{"0xIfl4c7xU2zXCot2PoPUtg3SUunWZTR", "7c9e2ed829af48d9d59ce6ca6b0b9658"}, []string{"your-api-key-goes-here", "process.env.API_KEY", "customerAccountIdentifier2", "aaaaaaaaaaaaaaaaaaaa", "./path/to/some/file1", "{{ token }}"}},
	"token":           {[]string{"glpat-JvsZgTuPto5XcgKv2oav"}, []string{"glpat-xxxxxxxxxxxxxxxxxxxx", "glpat-your_token_here123", "aaaaaaaaaaaaaaaa"}},
	"url_password":    {[]string{"postgres://svc:w1nterfell@db1:5432/x"}, []string{"postgres://user:password@db1/x", "http://db1/x", "amqp://guest:guest@mq", "https://u:${P}@h1.io", "http://user:***@h1.io/"}},
}

func TestStructuredValues(t *testing.T) {
	for name, c := range structured {
		agrees(t, name, c.good, c.bad)
	}
	if len(structured) < 21 {
		t.Fatalf("%d validators, want at least 21", len(structured))
	}
}

// A checksum makes a token certain, and its absence doubtful.
func TestChecksumsDecideConfidence(t *testing.T) {
	cases := map[string]struct {
		validator, value string
		want             Verdict
	}{
		"a GitHub token whose checksum holds":                {"github_token", glue("ghp_", "zymMlopiWfqUyHRSIf8NFmAUNLnY5Y0fCMcF"), Sure},
		"an npm token whose checksum holds":                  {"npm_token", glue("npm_", "zymMlopiWfqUyHRSIf8NFmAUNLnY5Y0fCMcF"), Sure},
		"an npm token whose checksum does not":               {"npm_token", glue("npm_", "zymMlopiWfqUyHRSIf8NFmAUNLnY5Y0fCMcG"), Good},
		"an npm token of a document":                         {"npm_token", glue("npm_", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), Bad},
		"a GitHub token whose checksum does not":             {"github_token", glue("ghp_", "zymMlopiWfqUyHRSIf8NFmAUNLnY5Y0fCMcG"), Weak},
		"an AWS key id with an account":                      {"aws_access_key_id", glue("AKI", "AYOSFODNN5D6TYQBF"), Sure},
		"an AWS key id of before there were accounts in it":  {"aws_access_key_id", glue("AKI", "AIH3LYKBMFCBEVADO"), Good},
		"a bar code of 13 digits that could be a card":       {"credit_card", "4222222222222", Weak},
		"a card of 16 digits":                                {"credit_card", "4111111111111111", Good},
		"an IMEI whose check digit is wrong":                 {"imei", "490154203237519", Bad},
		"a European chassis number without check digit":      {"vin", "WVWZZZ1JZXW000001", Weak},
		"a Korean number of somebody born in 2021, unproven": {"kr_rrn", "210105-3123456", Weak},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			v, ok := Lookup(c.validator)
			if !ok {
				t.Fatalf("no validator %q", c.validator)
			}
			if got := v.Check(c.value); got != c.want {
				t.Errorf("verdict %d, want %d", got, c.want)
			}
		})
	}
	if account, ok := awsAccount(glue("AKI", "AYOSFODNN5D6TYQBF")); !ok || account != 581039954779 {
		t.Errorf("account %d, want 581039954779", account)
	}
}
