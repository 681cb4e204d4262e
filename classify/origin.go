package classify

import "bytes"

// storage are the object stores to which web apps let the browser send files.
func storage(host []byte) bool {
	for _, suffix := range [...]string{
		".blob.core.windows.net", ".amazonaws.com", ".storage.googleapis.com", "storage.googleapis.com",
		".aliyuncs.com", ".volces.com", ".myqcloud.com", ".bcebos.com", ".myhuaweicloud.com", ".ksyuncs.com",
		".r2.cloudflarestorage.com", ".digitaloceanspaces.com", ".backblazeb2.com", ".supabase.co", ".ufs.sh",
	} {
		if bytes.HasSuffix(host, []byte(suffix)) {
			return true
		}
	}
	return false
}

// byOrigin finds the app whose page sends a file to storage of another name: only the
// Origin ties those bytes to the app.
func (c *Catalogue) byOrigin(host []byte, r Request) (Match, bool) {
	if r.Method != "PUT" && (r.Method != "POST" || !storage(host)) {
		return Match{}, false
	}
	from := originHost(r.header("Origin"))
	if from == nil {
		from = originHost(r.header("Referer"))
	}
	if from == nil || len(from) > maxHost {
		return Match{}, false
	}
	var buf [maxHost]byte
	n := copy(buf[:], from)
	for i := range buf[:n] {
		buf[i] = lower(buf[i])
	}
	e, byPath, _ := c.find(buf[:n], Request{}, false)
	if e == nil || byPath {
		return Match{}, false
	}
	ep := c.anyRaw
	if containsFold(r.header("Content-Type"), "multipart/form-data") {
		ep = c.anyMultipart
	}
	return Match{App: e.app, Endpoint: ep, Scope: "origin", Source: "catalogue"}, true
}

// originHost returns the host in "https://host:port/path".
func originHost(url []byte) []byte {
	_, rest, ok := bytes.Cut(url, []byte("://"))
	if !ok {
		return nil
	}
	if i := bytes.IndexAny(rest, "/:?#"); i >= 0 {
		rest = rest[:i]
	}
	return rest
}
