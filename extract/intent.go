package extract

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/sluice-dlp/sluice/extract/internal/jsontree"
)

// intent reads the first request of a resumable upload of Google's protocol: the name of
// the file is in the body or a header, its size in a header, its bytes come later.
func (w *walk) intent(l int) bool {
	command := bytes.ToLower(w.header("X-Goog-Upload-Command"))
	if !bytes.Contains(command, []byte("start")) || bytes.Contains(command, []byte("upload")) {
		return false
	}
	f := UploadedFile{Path: "body", Outcome: Complete, Type: string(w.header("X-Goog-Upload-Header-Content-Type"))}
	if n, err := strconv.ParseInt(string(w.header("X-Goog-Upload-Header-Content-Length")), 10, 64); err == nil && n >= 0 {
		f.Size = n
	}
	f.Name = w.uploadName()
	data := w.data(l)
	if name, ok := bytes.CutPrefix(bytes.TrimSpace(data), []byte("File name: ")); ok && f.Name == "" {
		f.Name = string(name)
	}
	if t := w.parse(data); f.Name == "" && t.OK {
		for i := range t.Nodes {
			switch strings.ToLower(string(t.Key(i))) {
			case "source_name", "displayname", "display_name", "file_name", "filename", "name":
				if t.Nodes[i].Kind == jsontree.String {
					f.Name = string(t.Str(i))
				}
			}
		}
	}
	w.doc.Files = append(w.doc.Files, f)
	return true
}

// signedBy returns the header that carries a checksum or signature over the body, or "".
func signedBy(header func(string) []byte) string {
	if header == nil {
		return ""
	}
	for _, name := range [...]string{
		"Content-MD5", "Digest", "Content-Digest", "Repr-Digest", "Poe-Tag-Id", "Yy",
		"X-Ms-Content-Sha256", "X-Goog-Content-Sha256", "X-Goog-Hash", "X-Amz-Checksum-Crc32", "X-Amz-Checksum-Crc32c",
		"X-Amz-Checksum-Crc64nvme", "X-Amz-Checksum-Sha1", "X-Amz-Checksum-Sha256", "X-Signature", "X-Body-Signature", "X-Hub-Signature-256",
	} {
		if len(header(name)) > 0 {
			return name
		}
	}
	switch sum := header("X-Amz-Content-Sha256"); {
	case string(sum) == "UNSIGNED-PAYLOAD":
		return ""
	case len(sum) > 0:
		return "X-Amz-Content-Sha256"
	case bytes.HasPrefix(header("Authorization"), []byte("AWS4-")): // SigV4 signs the body
		return "Authorization"
	}
	return ""
}

// sizeAnnounced reports whether an earlier request, or this one's header, has told the
// size of the whole, so that a body of another length is refused.
func sizeAnnounced(header func(string) []byte) bool {
	if header == nil {
		return false
	}
	return len(header("Content-Range")) > 0 || len(header("X-Goog-Upload-Offset")) > 0 ||
		len(header("Upload-Offset")) > 0 || len(header("X-Amz-Decoded-Content-Length")) > 0
}
