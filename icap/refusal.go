package icap

import (
	"errors"
	"net/http"
)

// refusal is an error that the client gets to see as an ICAP status.
type refusal struct {
	status int
	why    string
	limit  limit // the limit that was hit, for the metrics
}

func (r *refusal) Error() string { return "icap: " + r.why }

func refuse(status int, why string) error { return &refusal{status: status, why: why} }

func overLimit(l limit, status int, why string) error {
	return &refusal{status: status, why: why, limit: l}
}

var (
	// errClosed ends a connection without a word: there is nobody to talk to, or
	// nothing to say.
	errClosed = errors.New("icap: connection closed")
	// errResting hands an idle connection over to another goroutine.
	errResting = errors.New("icap: connection idle")
	// errFinished ends a connection after an answer that said so.
	errFinished = errors.New("icap: connection finished")
)

// reason is the text behind an ICAP status (RFC 3507 §4.3.3).
func reason(status int) string {
	switch status {
	case 100:
		return "Continue"
	case 200:
		return "OK"
	case 204:
		return "No Modifications"
	case 206:
		return "Partial Content"
	case 404:
		return "ICAP Service Not Found"
	case 405:
		return "Method Not Allowed For Service"
	case 408:
		return "Request Timeout"
	case 413:
		return "Request Entity Too Large"
	case 500:
		return "Server Error"
	case 501:
		return "Method Not Implemented"
	case 503:
		return "Service Overloaded"
	case 505:
		return "ICAP Version Not Supported"
	}
	if s := http.StatusText(status); s != "" {
		return s
	}
	return "Status"
}
