package reqmod

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/extract"
)

// A large upload comes in parts, each a request of its own, and a value may reach over two
// of them. The ends of each part are kept under the id of its upload; where two parts meet,
// what lies around the seam is scanned as one text.

// edgesKept bounds each of the two generations of remembered ends: 8 MiB in all.
const edgesKept = 1 << 10

// edge is one end of a part: where it begins, or where it ends.
type edge struct {
	upload string // the id of the upload, with its host
	at     int64  // offset, or number of the part; inOrder when parts have neither
	begins bool
}

// inOrder is the place of all parts of an upload that come one after the other.
const inOrder = -1

// edges remembers ends of parts of this node. It is safe for concurrent use.
type edges struct {
	mu         sync.Mutex
	young, old map[edge][]byte
}

func (s *edges) get(e edge) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, ok := s.young[e]; ok {
		return b
	}
	return s.old[e]
}

func (s *edges) put(e edge, b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.young) >= edgesKept {
		s.old, s.young = s.young, nil
	}
	if s.young == nil {
		s.young = map[edge][]byte{}
	}
	s.young[e] = bytes.Clone(b)
}

// joinParts adds the texts around the seams of an upload in parts to the document, and
// notes where the seams are.
func (c *call) joinParts() {
	i := slices.IndexFunc(c.doc.Files, func(f extract.UploadedFile) bool { return !isIntent(&f) })
	if i < 0 {
		return
	}
	f := &c.doc.Files[i]
	p, ok := c.partOf(f.Size)
	if !ok {
		return
	}
	if c.whole {
		p.upload = "explain " + p.upload // what a person looks at is not what others send
	}
	head, tail := f.Edges()
	kept := &c.h.edges
	before := kept.get(edge{p.upload, p.from, false})
	c.seam(f, before, head)
	if p.to != inOrder {
		c.seam(f, tail, kept.get(edge{p.upload, p.to, true}))
		kept.put(edge{p.upload, p.from, true}, head)
	}
	if len(tail) < extract.EdgeBytes { // a value may reach over more than two short parts
		tail = slices.Concat(before, tail)
		tail = tail[max(0, len(tail)-extract.EdgeBytes):]
	}
	kept.put(edge{p.upload, p.to, false}, tail)
}

// seam adds the text of two ends that meet.
func (c *call) seam(f *extract.UploadedFile, before, after []byte) {
	if len(before) == 0 || len(after) == 0 {
		return
	}
	text, at, ok := extract.Seam(before, after)
	if !ok {
		return
	}
	if c.seams == nil {
		c.seams = map[int]int64{}
	}
	c.seams[len(c.doc.Texts)] = int64(at)
	path := "file"
	if f.Name != "" {
		path += " " + f.Name
	}
	c.doc.Texts = append(c.doc.Texts, extract.Text{Role: extract.File, Path: path + " > between two parts", Data: text, Size: int64(len(text))})
}

// acrossSeams drops the findings around a seam that lie on one side of it: they were found
// in their part.
func (c *call) acrossSeams(findings []dlp.Finding) []dlp.Finding {
	if len(c.seams) == 0 {
		return findings
	}
	return slices.DeleteFunc(findings, func(f dlp.Finding) bool {
		at, joined := c.seams[f.Text]
		return joined && (f.End <= at || f.Start >= at)
	})
}

// part says of which upload the bytes of a request are a part, and of what part of it.
type part struct {
	upload   string
	from, to int64
}

// partOf finds out whether the request is one part of an upload, whose bytes are size long.
func (c *call) partOf(size int64) (part, bool) {
	t := &c.target
	here := t.host + t.path
	query, _ := url.ParseQuery(t.query) // what can be read of it
	param := func(name string) string {
		for key, values := range query {
			if strings.EqualFold(key, name) && len(values) > 0 {
				return values[0]
			}
		}
		return ""
	}
	for _, named := range [...][2]string{ // S3 and OSS; resumable.js, flow.js, Dropzone
		{"uploadId", "partNumber"},
		{"upload_id", "part_number"},
		{"resumableIdentifier", "resumableChunkNumber"},
		{"flowIdentifier", "flowChunkNumber"},
		{"dzuuid", "dzchunkindex"},
	} {
		id, number := param(named[0]), param(named[1])
		if n, err := strconv.ParseInt(number, 10, 32); err == nil && id != "" && n >= 0 {
			return part{here + "#" + id, n, n + 1}, true
		}
	}
	if strings.EqualFold(param("comp"), "block") && param("blockid") != "" { // Azure
		if n, ok := trailingNumber(param("blockid")); ok {
			return part{here, n, n + 1}, true
		}
		return part{here, inOrder, inOrder}, true
	}
	id := here + "#" + param("upload_id") + param("uploadId")
	if at, ok := c.offset(); ok {
		return part{id, at, at + size}, true
	}
	if upload, ok := partsPath(t.path); ok { // OpenAI: …/uploads/{id}/parts
		return part{t.host + upload, inOrder, inOrder}, true
	}
	return part{}, false
}

// offset reads where in the whole the bytes belong: Content-Range (RFC 9110 §14.4), or the
// offset of Google's resumable uploads and of tus.
func (c *call) offset() (int64, bool) {
	header := c.req.HTTP.Header.Get
	value := string(bytes.TrimSpace(header("Content-Range")))
	if rest, ok := strings.CutPrefix(value, "bytes "); ok {
		value, _, _ = strings.Cut(rest, "-")
	} else {
		value = ""
	}
	for _, name := range [...]string{"X-Goog-Upload-Offset", "Upload-Offset"} {
		if value == "" {
			value = string(header(name))
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
	return n, err == nil && n >= 0 && n < 1<<50
}

// partsPath returns the path up to the id of an upload whose parts are posted below it.
func partsPath(path string) (string, bool) {
	upload, ok := strings.CutSuffix(path, "/parts")
	if !ok || !strings.Contains(upload, "/uploads/") {
		return "", false
	}
	return upload, true
}

// trailingNumber reads the number at the end of the id of an Azure block, which is base64.
func trailingNumber(id string) (int64, bool) {
	plain, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(id, " ", "+"))
	if err != nil {
		return 0, false
	}
	digits := len(plain)
	for digits > 0 && len(plain)-digits < 9 && plain[digits-1] >= '0' && plain[digits-1] <= '9' {
		digits--
	}
	n, err := strconv.ParseInt(string(plain[digits:]), 10, 64)
	return n, err == nil
}
