package main

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/sluice-dlp/sluice/policy"
	"github.com/sluice-dlp/sluice/store"
)

// sample is one request of the demo and the verdict it must get.
type sample struct {
	what, user       string
	method, url      string
	contentType      string
	body             string
	action           string            // the decision's action; "not AI" when no event is expected
	detector         string            // a detector that must have matched; "" for none
	responseContains string            // what the person must be able to read
	review           store.ReviewState // what the demo's reviewer says of it; "" for nothing
}

const notAI = "not AI"

// demoStatuses are the approval decisions that the demo's company has made.
var demoStatuses = map[string]policy.Status{
	"chatgpt": policy.InReview, "claude": policy.InReview, "gemini": policy.InReview,
	"openai-api": policy.Approved, "anthropic-api": policy.Approved,
	"deepseek": policy.Unapproved,
}

// Made-up values, put together so that no scanner takes this file for a leak.
var (
	demoCard  = "4111 1111 " + "1111 1111"
	demoIBAN  = "DE89 3704 0044 " + "0532 0130 00"
	demoSSN   = "515-06-" + "9705"
	demoGauge = [2]string{"515-06-" + "9705", "462-62-" + "4731"} // no social security numbers, but like them
	demoAWS   = "AKIA" + "QYLPMN5HFIQR7XYA"
	demoMotto = "our summer party needs a motto"
)

func demoSamples() []sample {
	chat := func(text string) string {
		return fmt.Sprintf(`{"action":"next","messages":[{"id":"1","author":{"role":"user"},"content":{"content_type":"text","parts":[%q]}}],"model":"gpt-5"}`, text)
	}
	openai := func(text string) string {
		return fmt.Sprintf(`{"model":"gpt-5","messages":[{"role":"system","content":"You are terse."},{"role":"user","content":%q}]}`, text)
	}
	const (
		json = "application/json"
		gpt  = "https://chatgpt.com/backend-api/f/conversation"
	)
	boundary := "----sluice-demo"
	csv := "name,ssn\nAmara Halvorsen," + demoSSN + "\n"
	upload := strings.ReplaceAll("--"+boundary+"\nContent-Disposition: form-data; name=\"file\"; filename=\"payroll.csv\"\nContent-Type: text/csv\n\n", "\n", "\r\n") +
		csv + "\r\n--" + boundary + "--\r\n"
	gemini := "f.req=" + url.QueryEscape(fmt.Sprintf(`[null,%q]`, fmt.Sprintf(`[[%q,0,null,[],null,null,0],["en"]]`, demoMotto)))
	return []sample{
		{what: "a haiku, to an app in review", user: "alice", method: "POST", url: gpt, contentType: json, body: chat("Write a haiku about the first snow."), action: "allow"},
		{what: "a card number, to an app in review", user: "alice", method: "POST", url: gpt, contentType: json, body: chat("Draft a mail: we could not charge the card " + demoCard + "."), action: "block", detector: "credit_card", responseContains: "Blocked"},
		{what: "a payroll file, to an app in review", user: "bob", method: "POST", url: "https://claude.ai/api/3f2c/upload", contentType: "multipart/form-data; boundary=" + boundary, body: upload, action: "block", detector: "us_ssn", responseContains: "us_ssn", review: store.ReviewConfirmed},
		{what: "a reading of a gauge, to an approved API", user: "grace", method: "POST", url: "https://api.openai.com/v1/chat/completions", contentType: json, body: openai("Boiler gauge " + demoGauge[0] + ": is that normal?"), action: "log", detector: "us_ssn", review: store.ReviewFalsePositive},
		{what: "another reading, to an approved API", user: "heidi", method: "POST", url: "https://api.openai.com/v1/chat/completions", contentType: json, body: openai("The second boiler says " + demoGauge[1] + " on its gauge today"), action: "log", detector: "us_ssn", review: store.ReviewFalsePositive},
		{what: "a cloud key, to an approved API", user: "carol", method: "POST", url: "https://api.openai.com/v1/chat/completions", contentType: json, body: openai("Why does this fail? AWS_ACCESS_KEY_ID=" + demoAWS), action: "log", detector: "aws_access_key_id"},
		{what: "an IBAN, to an app nobody reviewed", user: "dave", method: "POST", url: "https://www.perplexity.ai/rest/sse/perplexity_ask", contentType: json, body: fmt.Sprintf(`{"params":{"language":"en-US"},"query_str":%q}`, "Is "+demoIBAN+" a valid IBAN?"), action: "coach", detector: "iban"},
		{what: "any prompt, to an unapproved app", user: "dave", method: "POST", url: "https://chat.deepseek.com/api/v0/chat/completion", contentType: json, body: `{"chat_session_id":"1","prompt":"hello"}`, action: "block"},
		{what: "a clean prompt in a form", user: "erin", method: "POST", url: "https://gemini.google.com/_/BardChatUi/data/assistant.lamda.BardFrontendService/StreamGenerate?hl=en", contentType: "application/x-www-form-urlencoded;charset=utf-8", body: gemini, action: "allow"},
		{what: "a card, to an AI host no list knows", user: "frank", method: "POST", url: "https://llm.example.net/v1/chat/completions", contentType: json, body: openai("Refund " + demoCard + " please"), action: "coach", detector: "credit_card"},
		{what: "a form of the intranet", user: "alice", method: "POST", url: "https://intranet.example.com/holidays", contentType: "application/x-www-form-urlencoded", body: "from=2026-12-21&to=2026-12-31", action: notAI},
		{what: "a page of a newspaper", user: "alice", method: "GET", url: "https://news.example.org/", action: notAI},
	}
}
