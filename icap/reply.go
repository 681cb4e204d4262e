package icap

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

const (
	maxReplyHead = 1 << 20
	maxReplyBody = 1 << 30
)

// readReply reads one answer, 100 Continue included.
func (c *Client) readReply() (*Reply, error) {
	head, err := readBlock(c.br)
	if err != nil {
		if len(head) == 0 && gone(err) {
			err = errStale
		}
		return nil, fmt.Errorf("read icap answer: %w", err)
	}
	r, err := parseReplyHead(head)
	if err != nil || r.Status == 100 {
		return r, err
	}
	encap, ok := parseEncapsulated(r.Header.Get("Encapsulated"))
	if !ok {
		if r.Status == 200 || r.Status == 206 {
			return nil, errors.New("read icap answer: no or bad Encapsulated")
		}
		return r, nil
	}
	if encap.length() > maxReplyHead {
		return nil, errors.New("read icap answer: encapsulated header over the limit")
	}
	heads := make([]byte, encap.length())
	if _, err := io.ReadFull(c.br, heads); err != nil {
		return nil, fmt.Errorf("read encapsulated header: %w", err)
	}
	if encap.reqLen > 0 {
		r.RequestHead = heads[:encap.reqLen]
	}
	if encap.resLen > 0 {
		r.ResponseHead = heads[encap.reqLen:]
	}
	if encap.body != nullBody {
		if err := r.readBody(c.br); err != nil {
			return nil, fmt.Errorf("read encapsulated body: %w", err)
		}
	}
	return r, nil
}

// parseReplyHead reads "ICAP/1.0 200 OK" and the header behind it.
func parseReplyHead(head []byte) (*Reply, error) {
	line, rest, _ := bytes.Cut(head[:len(head)-2], crlf)
	proto, after, _ := bytes.Cut(line, space)
	code, _, _ := bytes.Cut(after, space)
	status, ok := number(code)
	if string(proto) != "ICAP/1.0" || !ok || len(code) != 3 {
		return nil, fmt.Errorf("read icap answer: bad status line %.40q", line)
	}
	return &Reply{Status: int(status), Header: Header{raw: rest}, OriginalFrom: -1}, nil
}

// readBlock reads up to and including a blank line. On an error it returns what came.
func readBlock(br *bufio.Reader) (block []byte, err error) {
	for {
		line, err := br.ReadSlice('\n')
		block = append(block, line...)
		switch {
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return block, err
		case len(block) > maxReplyHead:
			return block, errors.New("header over the limit")
		case bytes.HasSuffix(block, crlfcrlf):
			return block, nil
		}
	}
}

// readBody decodes a chunked body with its trailer.
func (r *Reply) readBody(br *bufio.Reader) error {
	r.Body = []byte{}
	for {
		line, err := readLine(br)
		if err != nil {
			return err
		}
		n, ext, ok := parseChunkSize(line)
		if !ok || n > maxReplyBody-int64(len(r.Body)) {
			return fmt.Errorf("bad chunk size %.20q", line)
		}
		if n == 0 {
			r.OriginalFrom = originalFrom(ext)
			break
		}
		var buf bytes.Buffer
		if _, err := io.CopyN(&buf, br, n); err != nil {
			return fmt.Errorf("chunk: %w", err)
		}
		r.Body = append(r.Body, buf.Bytes()...)
		if line, err = readLine(br); err != nil || len(line) != 0 {
			return errors.New("chunk without line end")
		}
	}
	for total := 0; total <= maxTrailer; {
		line, err := readLine(br)
		if err != nil || len(line) == 0 {
			return err
		}
		total += len(line)
	}
	return errors.New("trailer over the limit")
}

func readLine(br *bufio.Reader) ([]byte, error) {
	line, err := br.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	line, ok := bytes.CutSuffix(line, crlf)
	if !ok || len(line) > maxChunkLine {
		return nil, errors.New("bad line end")
	}
	return line, nil
}

// originalFrom reads the use-original-body extension of a 206 answer.
func originalFrom(ext []byte) int64 {
	for len(ext) > 0 {
		var one []byte
		one, ext, _ = bytes.Cut(ext, semicolon)
		name, value, _ := bytes.Cut(one, []byte("="))
		if equalFold(trim(name), "use-original-body") {
			if n, ok := number(trim(value)); ok {
				return n
			}
		}
	}
	return -1
}

var semicolon = []byte(";")

// closes reports whether a header says that the connection ends.
func closes(h Header) (close bool) {
	h.Each(func(name, value []byte) bool {
		if equalFold(name, "connection") {
			for len(value) > 0 {
				var item []byte
				item, value = nextItem(value)
				close = close || equalFold(item, "close")
			}
		}
		return true
	})
	return close
}
