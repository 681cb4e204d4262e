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
	return c.sent(e, r), true
}

// sent is the match of a file that goes to storage.
func (c *Catalogue) sent(e *entry, r Request) Match {
	ep := c.anyRaw
	if containsFold(r.header("Content-Type"), "multipart/form-data") {
		ep = c.anyMultipart
	}
	return Match{App: e.app, Endpoint: ep, Scope: "origin", Source: "catalogue"}
}

// Stored returns the match of a request to an object store that is known to carry a file
// for an app, as when the app was told of it before. It is false for any other host.
func (c *Catalogue) Stored(app string, r Request) (Match, bool) {
	var buf [maxHost]byte
	e, ok := c.byID[app]
	if host := normal(&buf, r.Host); !ok || host == nil || !storage(host) {
		return Match{}, false
	}
	return c.sent(e, r), true
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
