package classify

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
)

// Account is what the request tells of the account it is made with.
type Account struct{ ID, Plan, Kind string } // Kind: personal | company | unknown

// The kinds of account.
const (
	personal = "personal"
	company  = "company"
	unknown  = "unknown"
)

// maxAccount bounds an account's name: what is longer was made up.
const maxAccount = 128

// AccountOf reads the account signals of an app's request; body may be nil. Nothing of it
// is proven: tokens are read, not verified, so a rule may be stricter by it, not milder.
func AccountOf(app *App, r Request, body []byte) Account {
	a := Account{Kind: unknown}
	if app == nil {
		return a
	}
	switch app.ID {
	case "chatgpt":
		a = chatGPT(r)
	case "openai-api":
		a = ofHeaders(r, "Openai-Project", "Openai-Organization")
	case "claude":
		a.ID = segmentAfter(r.Path, "/api/organizations/")
	case "anthropic-api":
		a.ID = claudeCode(body)
	case "m365-copilot":
		a = tenant(r)
	case "azure-openai":
		a = Account{ID: firstLabel(r.Host, ".openai.azure.com", ".openai.azure.us", ".services.ai.azure.com", ".cognitiveservices.azure.com"), Kind: company}
	case "github-copilot":
		a = gitHub(r)
	case "vertex-ai":
		a = Account{ID: segmentAfter(r.Path, "/projects/"), Kind: company}
	case "bedrock":
		a.Kind = company // AWS has accounts of no other kind
	case "gemini-api":
		a = ofHeaders(r, "X-Goog-User-Project")
	case "gemini-code-assist":
		a.ID = member(body, "project")
	case "notion-ai":
		a.ID = member(body, "spaceId")
	case "slack-ai":
		a = Account{ID: firstLabel(r.Host, ".enterprise.slack.com", ".slack.com"), Kind: unknown}
		if strings.HasSuffix(withoutPort(r.Host), ".enterprise.slack.com") {
			a.Plan, a.Kind = "enterprise", company
		}
	case "cf-ai-gateway":
		a.ID = segmentAfter(r.Path, "/v1/")
	case "dust":
		a.ID = segmentAfter(r.Path, "/w/")
	}
	if len(a.ID) > maxAccount {
		a.ID = ""
	}
	return a
}

// ofHeaders takes the first of the headers that is there.
func ofHeaders(r Request, names ...string) Account {
	for _, name := range names {
		if v := r.header(name); len(v) > 0 {
			return Account{ID: string(v), Kind: unknown}
		}
	}
	return Account{Kind: unknown}
}

// chatGPT reads the workspace and the plan in the access token.
func chatGPT(r Request) Account {
	a := ofHeaders(r, "Chatgpt-Account-Id")
	var claims struct {
		Auth struct {
			Plan    string `json:"chatgpt_plan_type"`
			Account string `json:"chatgpt_account_id"`
		} `json:"https://api.openai.com/auth"`
	}
	if tokenClaims(r, &claims) {
		a.Plan = claims.Auth.Plan
		if a.ID == "" {
			a.ID = claims.Auth.Account
		}
	}
	switch a.Plan {
	case "free", "go", "plus", "pro":
		a.Kind = personal
	case "team", "business", "enterprise", "edu", "education", "hc", "k12":
		a.Kind = company
	default:
		if len(a.Plan) > 40 {
			a.Plan = ""
		}
	}
	return a
}

// tokenClaims reads the claims of a JWT in Authorization (RFC 7519 §7.2), unverified.
func tokenClaims(r Request, into any) bool {
	token, ok := bytes.CutPrefix(r.header("Authorization"), []byte("Bearer "))
	if !ok || len(token) > 16<<10 {
		return false
	}
	_, rest, _ := bytes.Cut(token, []byte("."))
	payload, _, ok := bytes.Cut(rest, []byte("."))
	if !ok {
		return false
	}
	data, err := base64.RawURLEncoding.DecodeString(string(payload))
	return err == nil && json.Unmarshal(data, into) == nil
}

// claudeCode reads the account in metadata.user_id, "user_…_account_UUID_session_UUID" or
// JSON in that string.
func claudeCode(body []byte) string {
	root := outline(body).root()
	id := root.get("metadata").get("user_id").text()
	if _, rest, ok := strings.Cut(id, "_account_"); ok {
		account, _, _ := strings.Cut(rest, "_session_")
		return account
	}
	if _, rest, ok := strings.Cut(id, `account_uuid\":\"`); ok {
		account, _, _ := strings.Cut(rest, `\"`)
		return account
	}
	return ""
}

// tenant reads the tenant in "/m365Copilot/Chathub/{user}@{tenant}".
func tenant(r Request) Account {
	who := segmentAfter(r.Path, "/m365Copilot/Chathub/")
	who = strings.Replace(who, "%40", "@", 1)
	_, id, ok := strings.Cut(who, "@")
	if !ok {
		return Account{Kind: unknown}
	}
	if id == "9188040d-6c67-4c5b-b112-36a304b66dad" { // the tenant of all personal Microsoft accounts
		return Account{ID: id, Kind: personal}
	}
	return Account{ID: id, Kind: company}
}

// gitHub reads the plan in the host name, as api.business.githubcopilot.com.
func gitHub(r Request) Account {
	host := strings.ToLower(withoutPort(r.Host))
	for plan, kind := range map[string]string{"individual": personal, "business": company, "enterprise": company} {
		if strings.Contains(host, "."+plan+".githubcopilot.com") {
			return Account{Plan: plan, Kind: kind}
		}
	}
	return Account{Kind: unknown}
}

// member returns a text at the top of a JSON body, or in its request.
func member(body []byte, name string) string {
	return outline(body).root().get(name).text()
}

// segmentAfter returns the segment of a path that follows a prefix in it.
func segmentAfter(path, prefix string) string {
	_, rest, ok := strings.Cut(path, prefix)
	if !ok {
		return ""
	}
	segment, _, _ := strings.Cut(rest, "/")
	return segment
}

// firstLabel returns what stands before a suffix of the host name.
func firstLabel(host string, suffixes ...string) string {
	host = strings.ToLower(withoutPort(host))
	for _, suffix := range suffixes {
		if label, ok := strings.CutSuffix(host, suffix); ok {
			return label
		}
	}
	return ""
}
