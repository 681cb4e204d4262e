package export

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// ocsfVersion is the schema that OCSF writes: Open Cybersecurity Schema Framework 1.8.
const ocsfVersion = "1.8.0"

// OCSF class identifiers.
const (
	classDataSecurityFinding = 2006 // category Findings
	classHTTPActivity        = 4002 // category Network Activity
)

// OCSF returns e as one OCSF record in JSON: a Data Security Finding when it has a match,
// an HTTP Activity otherwise. What e masks stays masked. It is safe for concurrent use.
func OCSF(e *event.Event) ([]byte, error) {
	o := record(e)
	if len(e.Matches) > 0 {
		finding(e, o)
	} else {
		activity(e, o)
	}
	return json.Marshal(o)
}

// object is a JSON object; encoding sorts its keys, so equal events give equal bytes.
type object map[string]any

// record fills what both classes have.
func record(e *event.Event) object {
	action, disposition := outcome(e.Decision.Action)
	user := object{"name": e.User}
	if len(e.Groups) > 0 {
		groups := make([]object, len(e.Groups))
		for i, g := range e.Groups {
			groups[i] = object{"name": g}
		}
		user["groups"] = groups
	}
	source := object{"ip": e.Source.IP}
	if e.Source.Country != "" {
		source["location"] = object{"country": e.Source.Country}
	}
	if e.Device.ID != "" {
		source["uid"] = e.Device.ID
	}
	return object{
		"time": e.Time.UnixMilli(),
		"metadata": object{
			"version": ocsfVersion, "uid": e.ID, "logged_time": e.Time.UnixMilli(), "original_time": e.Time.UTC().Format(time.RFC3339Nano),
			"profiles": []string{"security_control", "ai_operation"},
			"product":  object{"name": "Sluice", "vendor_name": "Sluice", "version": e.Snapshot},
		},
		"action_id": action, "disposition_id": disposition,
		"actor":        object{"user": user},
		"src_endpoint": source,
		"dst_endpoint": object{"hostname": e.Host, "svc_name": e.App.Name},
		"http_request": object{
			"http_method": e.Method, "uid": e.ID, "length": e.BytesOut,
			"url": object{"hostname": e.Host, "path": e.Path, "scheme": "https"},
		},
		"traffic":         object{"bytes_out": e.BytesOut, "bytes_in": e.BytesIn, "bytes": e.BytesOut + e.BytesIn},
		"policy":          object{"name": e.Decision.Rule, "desc": e.Decision.Reason},
		"status_id":       1, // Success: the event was handled
		"unmapped":        object{"app": e.App, "activity": e.Activity, "actor": e.Actor, "account": e.Account, "gaps": e.Gaps, "would": e.Decision.Would, "mode": e.Decision.Mode, "visibility": e.Visibility, "node": e.Node, "files": e.Files, "exception": e.Exception},
		"start_time":      e.Time.UnixMilli(),
		"duration":        e.LatencyUS / 1000,
		"timezone_offset": 0,
	}
}

// outcome maps an action to OCSF's action_id and disposition_id.
func outcome(action string) (actionID, dispositionID int) {
	const (
		allowed, denied, modified = 1, 2, 4
	)
	switch action {
	case "allow":
		return allowed, 1 // Allowed
	case "log":
		return allowed, 17 // Logged
	case "notify":
		return allowed, 19 // Alert
	case "coach":
		return denied, 23 // Challenge
	case "redact":
		return modified, 11 // Corrected
	case "isolate":
		return denied, 4 // Isolated
	case "block":
		return denied, 2 // Blocked
	}
	return 0, 0
}

func finding(e *event.Event, o object) {
	setClass(o, classDataSecurityFinding, 1) // Create
	severity, confidence := "low", "low"
	var detectors []string
	evidences := make([]object, len(e.Matches))
	for i, m := range e.Matches {
		severity, confidence = stronger(severity, m.Severity), stronger(confidence, m.Confidence)
		detectors = append(detectors, m.Detector)
		evidences[i] = object{"data": object{
			"detector": m.Detector, "count": m.Count, "masked": m.Masked, "fingerprints": m.Fingerprints, "part": m.Part, "excerpt": m.Excerpt,
		}}
	}
	o["severity_id"], o["confidence_id"] = severityID[severity], confidenceID[confidence]
	o["is_alert"] = e.Decision.Action != "allow" && e.Decision.Action != "log"
	o["finding_info"] = object{
		"uid": e.ID, "title": strings.Join(detectors, ", ") + " sent to " + e.App.Name, "created_time": e.Time.UnixMilli(), "types": detectors,
	}
	o["data_security"] = object{
		"detection_system_id":     2, // Data Loss Prevention Gateway
		"data_lifecycle_state_id": 2, // In transit
		"detection_pattern":       strings.Join(detectors, ", "),
		"pattern_match":           strings.Join(e.Matches[0].Masked, ", "),
		"policy":                  object{"name": strings.Join(e.Decision.Profiles, ", ")},
	}
	o["evidences"] = evidences
}

func activity(e *event.Event, o object) {
	id, ok := methodID[e.Method]
	if !ok {
		id = 99 // Other
	}
	setClass(o, classHTTPActivity, id)
	o["severity_id"] = 1 // Informational
	if e.Decision.Action == "block" || e.Decision.Action == "coach" || e.Decision.Action == "isolate" {
		o["severity_id"] = 2 // Low
	}
}

// setClass fills the identifiers that OCSF derives from class and activity.
func setClass(o object, class, activity int) {
	o["class_uid"], o["category_uid"], o["activity_id"], o["type_uid"] = class, class/1000, activity, class*100+activity
}

var (
	severityID   = map[string]int{"low": 2, "medium": 3, "high": 4, "critical": 5}
	confidenceID = map[string]int{"low": 1, "medium": 2, "high": 3}
	methodID     = map[string]int{"CONNECT": 1, "DELETE": 2, "GET": 3, "HEAD": 4, "OPTIONS": 5, "POST": 6, "PUT": 7, "TRACE": 8, "PATCH": 9}
)

// stronger returns the stronger of two levels; an unknown one is the weakest.
func stronger(a, b string) string {
	if severityID[b] > severityID[a] {
		return b
	}
	return a
}
