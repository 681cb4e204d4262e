package reqmod

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/policy"
)

// TestAValueOverTwoPartsOfAnUploadIsFound sends a card number in two or more parts of one
// upload, by every protocol that has parts.
func TestAValueOverTwoPartsOfAnUploadIsFound(t *testing.T) {
	first, second := strings.Repeat("plain words in a row\n", 300)+"pay with card 4111 1111", " 1111 1111 today\n"+strings.Repeat("plain words in a row\n", 300)
	openai := func(id, data string) *icap.Request {
		body := "--XX\r\nContent-Disposition: form-data; name=\"data\"; filename=\"upload\"\r\nContent-Type: application/octet-stream\r\n\r\n" + data + "\r\n--XX--\r\n"
		return request("POST", "https://api.openai.com/v1/uploads/"+id+"/parts", body, "Content-Type: multipart/form-data; boundary=XX")
	}
	google := func(id string, at int, command, data string) *icap.Request {
		return request("POST", "https://content-push.googleapis.com/upload/?upload_id="+id, data, "Content-Type: application/x-www-form-urlencoded",
			"X-Goog-Upload-Command: "+command, fmt.Sprint("X-Goog-Upload-Offset: ", at))
	}
	s3 := func(id string, n int, data string) *icap.Request {
		return request("PUT", fmt.Sprintf("https://ppl-ai-file-upload.s3.amazonaws.com/a.csv?partNumber=%d&uploadId=%s", n, id), data, "Content-Type: text/csv")
	}
	azure := func(n int, data string) *icap.Request {
		block := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "block-%08d", n))
		return request("PUT", "https://files.oaiusercontent.com/file-1?comp=block&blockid="+block, data, "Content-Type: text/plain")
	}
	ranged := func(url string, at int, data string) *icap.Request {
		return request("PUT", url, data, "Content-Type: text/plain", fmt.Sprintf("Content-Range: bytes %d-%d/99999", at, at+len(data)-1))
	}
	const session = "https://files.oaiusercontent.com/file-2?session=1"
	cases := map[string]struct {
		parts []*icap.Request
		found int // cards in the event of the last part
	}{
		"OpenAI":                              {[]*icap.Request{openai("u1", first), openai("u1", second)}, 1},
		"OpenAI, two uploads":                 {[]*icap.Request{openai("u1", first), openai("u2", second)}, 0},
		"OpenAI, short parts":                 {[]*icap.Request{openai("u1", "my card 4111"), openai("u1", " 1111 1"), openai("u1", "111 "), openai("u1", "1111 now")}, 1},
		"OpenAI, a card in the first part":    {[]*icap.Request{openai("u1", "card 4111 1111 1111 1111 "), openai("u1", second)}, 0},
		"Google":                              {[]*icap.Request{google("x", 0, "upload", first), google("x", len(first), "upload, finalize", second)}, 1},
		"Google, a gap between":               {[]*icap.Request{google("x", 0, "upload", first), google("x", len(first)+1, "upload, finalize", second)}, 0},
		"S3":                                  {[]*icap.Request{s3("a", 1, first), s3("a", 2, second)}, 1},
		"S3, the second part before":          {[]*icap.Request{s3("a", 2, second), s3("a", 1, first)}, 1},
		"S3, not neighbours":                  {[]*icap.Request{s3("a", 1, first), s3("a", 3, second)}, 0},
		"Azure":                               {[]*icap.Request{azure(0, first), azure(1, second)}, 1},
		"a content range":                     {[]*icap.Request{ranged(session, 0, first), ranged(session, len(first), second)}, 1},
		"a character that is cut in two":      {[]*icap.Request{openai("u1", "J\xc3\xb6rg\xc3"), openai("u1", "\xb6 pays with card 41"), openai("u1", "11 1111 1111 1111 f\xc3")}, 1},
		"UTF-16":                              {[]*icap.Request{openai("u1", utf16le(first)), openai("u1", utf16le(second))}, 1},
		"what is no text is not put together": {[]*icap.Request{openai("u1", "\x00\x01\x02card 4111 1111"), openai("u1", " 1111 1111\x00\x01\x02")}, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "", map[string]policy.Status{"openai-api": policy.Approved, "gemini": policy.Approved, "perplexity": policy.Approved, "chatgpt": policy.Approved}, Options{})
			for _, r := range c.parts {
				w.ServeICAP(t.Context(), r)
			}
			if len(w.kept.events) != len(c.parts) {
				t.Fatalf("%d events of %d parts", len(w.kept.events), len(c.parts))
			}
			found := 0
			for _, m := range w.kept.events[len(c.parts)-1].Matches {
				if m.Detector == "credit_card" {
					found += m.Count
				}
			}
			if found != c.found {
				t.Errorf("%d cards in the last part, want %d", found, c.found)
			}
		})
	}
}

// utf16le is ASCII text in UTF-16.
func utf16le(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(s[i])
		b.WriteByte(0)
	}
	return b.String()
}

func TestWhatReachesOverTwoPartsCannotBeRedactedAndIsBlocked(t *testing.T) {
	const redact = "defaults: {in_review: {profiles: [default], on_match: redact}}"
	w := newWorld(t, redact, map[string]policy.Status{"perplexity": policy.InReview}, Options{})
	for n, data := range []string{"pay with card 4111 1111", " 1111 1111 today"} {
		w.ServeICAP(t.Context(), request("PUT", fmt.Sprintf("https://ppl-ai-file-upload.s3.amazonaws.com/a.csv?partNumber=%d&uploadId=x", n), data))
	}
	if got := w.kept.events[1].Decision.Action; got != "block" {
		t.Errorf("%s, want block: half of the value has left already", got)
	}
}

func TestEdgesAreBounded(t *testing.T) {
	var e edges
	for i := range 5 * edgesKept {
		e.put(edge{"u", int64(i), false}, []byte("x"))
	}
	if got := len(e.young) + len(e.old); got > 2*edgesKept {
		t.Errorf("%d ends kept, want at most %d", got, 2*edgesKept)
	}
	if e.get(edge{"u", 5*edgesKept - 1, false}) == nil {
		t.Error("the newest end is forgotten")
	}
}
