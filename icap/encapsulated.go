package icap

// section is a part of an encapsulated message (RFC 3507 §4.4.1).
type section uint8

const (
	noSection section = iota
	reqHdr
	resHdr
	reqBody
	resBody
	optBody
	nullBody
)

var sectionNames = [...]string{
	reqHdr: "req-hdr", resHdr: "res-hdr", reqBody: "req-body", resBody: "res-body", optBody: "opt-body", nullBody: "null-body",
}

func (s section) isBody() bool { return s >= reqBody }

// encapsulated is a parsed Encapsulated header: the lengths of the header sections
// and the kind of body behind them.
type encapsulated struct {
	reqLen, resLen int64
	body           section // noSection: the header is absent
}

func (e encapsulated) length() int64 { return e.reqLen + e.resLen }

// parseEncapsulated reads an Encapsulated value. RFC 3507 §4.4.1: offsets start at 0
// and grow, request headers come before response headers, and one body entry ends
// the list.
func parseEncapsulated(v []byte) (e encapsulated, ok bool) {
	var prev section
	var prevAt int64
	for rest := v; ; {
		var item []byte
		item, rest = nextItem(rest)
		s, at, good := parseEntry(item)
		switch {
		case !good, prev.isBody(), prev == s, prev == resHdr && s == reqHdr:
			return encapsulated{}, false
		case prev == noSection && at != 0, prev != noSection && at <= prevAt:
			return encapsulated{}, false
		}
		switch prev { // a section ends where the next one starts
		case reqHdr:
			e.reqLen = at - prevAt
		case resHdr:
			e.resLen = at - prevAt
		case noSection, reqBody, resBody, optBody, nullBody:
		}
		prev, prevAt = s, at
		if len(rest) == 0 {
			break
		}
	}
	e.body = prev
	return e, prev.isBody()
}

// parseEntry reads "req-hdr=0".
func parseEntry(item []byte) (s section, at int64, ok bool) {
	i := 0
	for i < len(item) && item[i] != '=' {
		i++
	}
	if i == len(item) {
		return noSection, 0, false
	}
	for s := reqHdr; s <= nullBody; s++ {
		if string(item[:i]) == sectionNames[s] {
			at, ok = number(item[i+1:])
			return s, at, ok
		}
	}
	return noSection, 0, false
}

// fits reports whether the sections are those that method may carry (RFC 3507 §4.4.1).
func (e encapsulated) fits(m Method) bool {
	switch m {
	case MethodReqmod:
		return e.resLen == 0 && (e.body == reqBody || e.body == nullBody)
	case MethodRespmod:
		return e.body == resBody || e.body == nullBody
	case MethodOptions:
		return e.length() == 0 && (e.body == noSection || e.body == optBody || e.body == nullBody)
	}
	return false
}
