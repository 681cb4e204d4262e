package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// result is what one cell of a table shows.
type result struct {
	perSecond float64
	cpu       []float64 // µs a request, of each watched process
	p50       time.Duration
	failed    int
	err       error // the first
}

// target is where load goes, and how its answers are read.
type target struct {
	addr    string
	request []byte
	read    func(r *bufio.Reader) (keep bool, err error)
	pids    []int
}

// load keeps one request in flight on each of n connections.
func load(t target, n int, d time.Duration) result {
	var measuring, stopped atomic.Bool
	workers := make([]worker, n)
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() { workers[i].run(t, &measuring, &stopped) })
	}
	time.Sleep(d / 4) // warm up
	before := cpuOf(t.pids)
	began := time.Now()
	measuring.Store(true)
	time.Sleep(d)
	measuring.Store(false)
	took := time.Since(began)
	after := cpuOf(t.pids)
	stopped.Store(true)
	wg.Wait()

	var all []time.Duration
	var r result
	for i := range workers {
		all = append(all, workers[i].took...)
		r.failed += workers[i].failed
		r.err = errors.Join(r.err, workers[i].err)
	}
	if len(all) == 0 {
		r.err = errors.Join(errors.New("no answer at all"), r.err)
		return r
	}
	slices.Sort(all)
	r.p50 = all[len(all)/2]
	r.perSecond = float64(len(all)) / took.Seconds()
	for i := range before {
		r.cpu = append(r.cpu, (after[i]-before[i]).Seconds()*1e6/float64(len(all)))
	}
	return r
}

type worker struct {
	took   []time.Duration
	failed int
	err    error
}

func (w *worker) run(t target, measuring, stopped *atomic.Bool) {
	var c net.Conn
	r := bufio.NewReaderSize(nil, 64<<10)
	defer func() {
		if c != nil {
			c.Close()
		}
	}()
	for !stopped.Load() {
		began := time.Now()
		keep, err := false, error(nil)
		if c == nil {
			if c, err = net.DialTimeout("tcp", t.addr, 5*time.Second); err == nil {
				r.Reset(c)
			}
		}
		if err == nil {
			keep, err = ask(c, r, t)
		}
		switch {
		case !measuring.Load():
		case err != nil:
			w.failed++
			if w.err == nil {
				w.err = err
			}
		default:
			w.took = append(w.took, time.Since(began))
		}
		if c != nil && (err != nil || !keep) {
			c.Close()
			c = nil
		}
	}
}

// ask sends the request and reads its answer; a large request is sent while the answer
// is read, for servers that answer early.
func ask(c net.Conn, r *bufio.Reader, t target) (keep bool, err error) {
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return false, err
	}
	if len(t.request) <= 32<<10 {
		if _, err := c.Write(t.request); err != nil {
			return false, err
		}
		return t.read(r)
	}
	sent := make(chan error, 1)
	go func() {
		_, err := c.Write(t.request)
		sent <- err
	}()
	if keep, err = t.read(r); err != nil || !keep {
		c.Close()
		<-sent
		return false, err
	}
	return true, <-sent
}

// readHTTP reads the answer of an origin or proxy.
func readHTTP(r *bufio.Reader) (keep bool, err error) {
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return false, err
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return false, err
	}
	if resp.StatusCode != http.StatusOK {
		return false, fmt.Errorf("HTTP status %d", resp.StatusCode)
	}
	return !resp.Close, nil
}

// readICAP reads an answer and refuses one that is not 200 or 204.
func readICAP(r *bufio.Reader) (keep bool, err error) {
	line, err := readLine(r)
	if err != nil {
		return false, err
	}
	if !bytes.HasPrefix(line, []byte("ICAP/1.0 200")) && !bytes.HasPrefix(line, []byte("ICAP/1.0 204")) {
		return false, fmt.Errorf("answer %q", line)
	}
	keep = true
	head, body := 0, false
	for {
		if line, err = readLine(r); err != nil {
			return false, err
		}
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte("Encapsulated")):
			i := bytes.LastIndexByte(value, '=')
			if head, err = strconv.Atoi(string(bytes.TrimSpace(value[i+1:]))); err != nil {
				return false, fmt.Errorf("encapsulated: %w", err)
			}
			body = !bytes.Contains(value, []byte("null-body"))
		case bytes.EqualFold(name, []byte("Connection")):
			keep = !bytes.Contains(value, []byte("close"))
		}
	}
	if _, err := r.Discard(head); err != nil || !body {
		return keep, err
	}
	return keep, skipChunks(r)
}

func skipChunks(r *bufio.Reader) error {
	for {
		line, err := readLine(r)
		if err != nil {
			return err
		}
		size, _, _ := bytes.Cut(line, []byte(";"))
		n, err := strconv.ParseInt(string(bytes.TrimSpace(size)), 16, 32)
		if err != nil {
			return fmt.Errorf("chunk size: %w", err)
		}
		if _, err := r.Discard(int(n) + 2); err != nil || n == 0 {
			return err
		}
	}
}

func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	return bytes.TrimRight(line, "\r\n"), err
}
