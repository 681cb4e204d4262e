package document

import (
	"bytes"
	"slices"
)

// folded returns the text of a calendar (RFC 5545), card (RFC 6350) or directory file (RFC
// 2849) with its lines put together, which end after 75 bytes wherever that is, and with the
// quoted-printable of older cards decoded; ok is false for any other text.
func folded(data []byte) (text []byte, ok bool) {
	head := bytes.ToUpper(bytes.TrimLeft(data[:min(len(data), 64)], "\ufeff \t\r\n"))
	if !slices.ContainsFunc(foldedFormats[:], func(mark string) bool { return has(head, mark) }) {
		return nil, false
	}
	if bytes.Contains(data, []byte("QUOTED-PRINTABLE")) { // whose breaks may have a blank behind them that counts
		data = QuotedPrintable(nil, data)
	}
	text = make([]byte, 0, len(data))
	for len(data) > 0 {
		i := bytes.IndexByte(data, '\n')
		if i < 0 {
			text = append(text, data...)
			break
		}
		line, rest := data[:i], data[i+1:]
		if len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t') {
			text, data = append(text, bytes.TrimSuffix(line, []byte("\r"))...), rest[1:]
			continue
		}
		text, data = append(append(text, line...), '\n'), rest
	}
	return text, true
}

var foldedFormats = [...]string{"BEGIN:VCALENDAR", "BEGIN:VCARD", "VERSION: 1", "DN:"}
