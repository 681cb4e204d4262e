package export

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

func TestOCSFClassesAndIdentifiers(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 12, 3, 123e6, time.UTC)
	base := event.Event{
		ID: "0193", Time: at, User: "alice", Method: "POST", Host: "chatgpt.com", Path: "/backend-api/f/conversation",
		App: event.App{ID: "chatgpt", Name: "ChatGPT"}, Decision: event.Decision{Action: "block", Rule: "default:in_review"},
	}
	matched := base
	matched.Matches = []event.Match{
		{Detector: "email", Severity: "low", Confidence: "high", Masked: []string{"••••"}},
		{Detector: "credit_card", Severity: "high", Confidence: "medium", Masked: []string{"411111••••••1111"}},
	}
	logged := base
	logged.Decision.Action = "log"
	cases := map[string]struct {
		event event.Event
		want  map[string]float64
	}{
		"a match is a Data Security Finding of the strongest severity": {matched, map[string]float64{
			"class_uid": 2006, "category_uid": 2, "type_uid": 200601, "severity_id": 4, "confidence_id": 3, "action_id": 2, "disposition_id": 2, "time": float64(at.UnixMilli()),
		}},
		"a request without a match is an HTTP Activity": {base, map[string]float64{
			"class_uid": 4002, "category_uid": 4, "activity_id": 6, "type_uid": 400206, "severity_id": 2, "action_id": 2,
		}},
		"a logged request is allowed": {logged, map[string]float64{"action_id": 1, "disposition_id": 17, "severity_id": 1}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			data, err := OCSF(&c.event)
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]any
			if err := json.Unmarshal(data, &got); err != nil {
				t.Fatal(err)
			}
			for key, want := range c.want {
				if got[key] != want {
					t.Errorf("%s = %v, want %v", key, got[key], want)
				}
			}
			for _, key := range []string{"metadata", "actor", "src_endpoint", "dst_endpoint", "http_request"} {
				if got[key] == nil {
					t.Errorf("%s is missing", key)
				}
			}
		})
	}
}
