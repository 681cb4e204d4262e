package console

import (
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"
	"time"
)

// templateFuncs are what every template may call.
func templateFuncs() template.FuncMap {
	return template.FuncMap{
		"ago":   ago,
		"stamp": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
		"iso":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"join":  strings.Join,
	}
}

// ago says how long before now t was, as people do.
func ago(now, t time.Time) string {
	d := now.Sub(t)
	switch {
	case t.IsZero():
		return "never"
	case d < -time.Minute:
		return "in " + span(-d)
	case d < time.Minute:
		return "just now"
	}
	return span(d) + " ago"
}

func span(d time.Duration) string {
	switch {
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

func flashEncode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// flashDecode returns the text of a cookie; what is no text of ours is nothing.
func flashDecode(value string) string {
	b, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || len(b) > 300 {
		return ""
	}
	return string(b)
}
