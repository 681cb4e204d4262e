package worker

import (
	"bytes"
	"testing"
)

// FuzzFrames reads what a child that a file has taken over might send, and what a parent
// sends.
func FuzzFrames(f *testing.F) {
	for _, job := range []Job{{}, {Data: []byte("%PDF-1.7"), Render: true}, {Data: []byte("7z"), Expanded: 1 << 20, Member: 1 << 10}} {
		var b bytes.Buffer
		if err := writeFrame(&b, frameJob, job.header(), job.Data); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte{framePage, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		const limit = 1 << 16
		for r := bytes.NewReader(data); ; {
			kind, content, err := readFrame(r, limit)
			if err != nil {
				return
			}
			if len(content) > limit {
				t.Fatalf("a frame of %d bytes, more than the limit", len(content))
			}
			if kind != frameJob || len(content) < jobHeader {
				continue
			}
			job := decodeJob(content)
			if again := decodeJob(append(job.header(), job.Data...)); !bytes.Equal(again.Data, job.Data) || again.Expanded != job.Expanded || again.Member != job.Member {
				t.Fatal("a job is another one after a round trip")
			}
		}
	})
}
