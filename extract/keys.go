package extract

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"github.com/sluice-dlp/sluice/extract/internal/document"
)

// keyKind is what the name of a member or field says about its value.
type keyKind uint8

const (
	keyOther   keyKind = iota
	keyPerson          // what people write
	keySystem          // instructions to the model
	keyContext         // history, editor context, reasoning
	keyDatum           // a card, an account: what programs hand over of people, one word and no id
	keyPayload         // what a tool is given or gives back
	keyNoise           // ids, tokens, signatures, names of models: text only where it reads like a sentence
	keyQuiet           // schemas and settings: prose in them is the vendor's
)

// kindOfKey looks the name up without case and separators. It does not allocate.
func kindOfKey(key []byte) keyKind {
	var buf [32]byte
	n := 0
	for _, c := range key {
		switch {
		case c == '_' || c == '-' || c == '.' || c == ' ':
			continue
		case n == len(buf):
			return keyOther
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		}
		buf[n] = c
		n++
	}
	return kindOfName(string(buf[:n]))
}

func kindOfName(name string) keyKind {
	switch name {
	case "text", "texts", "content", "contents", "prompt", "prompts", "query", "queries", "message", "messages",
		"parts", "inputs", "value", "values", "caption", "lyrics", "question", "questions", "inputtext",
		"usermessage", "userinput", "usertext", "userprompt", "userquery", "rawquery", "querystr", "dslquery",
		"searchquery", "q", "msg", "msgcontent", "extractedcontent", "transcript", "negativeprompt",
		"gptdescriptionprompt", "chathistory", "stdout", "stderr", "diff", "output", "outputs", "outputtext",
		"answer", "code", "snippet", "utterance", "sentence", "sentences", "passage", "messageinput",
		"selectedtext", "blocks", "operation", "operations", "document", "source", "refusal", "insert", "rawcontent",
		"items", "segments", "paragraph", "paragraphs", "sensitivestringvalue", "pastedtext":
		return keyPerson
	case "system", "systemprompt", "systeminstruction", "systeminstructions", "systemmessage", "instructions",
		"developer", "preamble", "custominstructions", "explicitcontext":
		return keySystem
	case "suffix", "prefix", "history", "context", "editorcontext", "documents", "references", "comment", "comments",
		"description", "title", "summary", "thinking", "reasoning", "reasoningcontent", "body", "notes", "subject",
		"currentfile", "codechunks", "conversation", "data", "quote":
		return keyContext
	case "card", "cardnumber", "cardno", "creditcard", "creditcardnumber", "ccnumber", "pan", "iban", "accountnumber", "accountno",
		"bankaccount", "routingnumber", "ssn", "socialsecuritynumber", "nationalid", "taxnumber", "taxid", "passport", "passportnumber",
		"licensenumber", "number":
		return keyDatum
	case "arguments", "args", "input", "response", "result", "results", "functioncall", "functionresponse",
		"function", "toolcalls", "toolresults", "action", "json", "payload", "functioncalloutput":
		return keyPayload
	case "tools", "functions", "toolchoice", "toolconfig", "responseformat", "jsonschema", "schema", "inputschema",
		"parameters", "generationconfig", "safetysettings", "telemetry", "clientcontextualinfo",
		"personalizedstyles", "headers", "features", "experiments", "settings", "modelparams", "config", "extra",
		"durablestream", "options", "cachecontrol", "logitbias", "functiondeclarations", "extensions", "events":
		return keyQuiet
	}
	if noiseName(name) {
		return keyNoise
	}
	return keyOther
}

func noiseName(name string) bool {
	switch name {
	case "type", "role", "model", "name", "status", "kind", "version", "timestamp", "time", "timezone", "locale",
		"language", "lang", "url", "uri", "href", "format", "etag", "sig", "signature", "thoughtsignature", "hash",
		"nonce", "clientnonce", "key", "token", "policy", "acl", "at", "user", "author", "sender", "mimetype",
		"mediatype", "contenttype", "encoding", "encodingformat", "encryptedcontent", "sha256", "md5", "csrf",
		"path", "domain", "color", "icon", "detail", "effort", "stop", "ids", "uuid", "sessionuuid":
		return true
	}
	for _, end := range []string{"id", "ids", "uuid", "token", "signature", "hash", "nonce", "version", "type", "timestamp", "model"} {
		if len(name) > len(end) && name[len(name)-len(end):] == end {
			return true
		}
	}
	return false
}

// namesThing reports whether the value of a member or field of that kind only names a thing.
// Where people write, hex digits alone may be what they pasted: a key.
func namesThing(kind keyKind, v []byte) bool {
	switch kind {
	case keyQuiet:
		return true
	case keyNoise:
		return !prose(v)
	case keyPerson:
		return idLike(v) && bytes.IndexByte(v, '-') >= 0
	case keyOther, keySystem, keyContext, keyDatum, keyPayload:
	}
	return idLike(v)
}

// idLike reports values that name a thing: UUIDs and long runs of hex digits.
func idLike(v []byte) bool {
	if len(v) < 16 || len(v) > 128 {
		return false
	}
	hex, letters, dashes := 0, 0, 0
	for _, c := range v {
		if _, ok := document.Unhex(c); !ok {
			if c != '-' {
				return false
			}
			dashes++
			continue
		}
		hex++
		if c > '9' {
			letters++
		}
	}
	return len(v) == 36 && dashes == 4 && hex == 32 || dashes == 0 && letters > 0
}

// prose reports whether v reads like something a person wrote: words with spaces, or
// letters of a script that has none.
func prose(v []byte) bool {
	if len(v) < 8 || !utf8.Valid(v) {
		return false
	}
	head := v[:min(len(v), 400)]
	if bytes.IndexByte(head, ' ') < 0 && bytes.IndexByte(head, '\n') < 0 {
		wideRunes := 0
		for _, r := range string(head) {
			if r > 0x2e80 && unicode.IsLetter(r) {
				wideRunes++
			}
		}
		return wideRunes > 1
	}
	words := 0
	for w := range bytes.FieldsSeq(head) {
		if r, _ := utf8.DecodeRune(w); unicode.IsLetter(r) || unicode.IsDigit(r) {
			words++
		}
	}
	return words > 1
}
