package icap

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestSquidCaptures replays requests as Squid 5.7 sent them: how it announces previews,
// what it allows, and how it cuts bodies into chunks.
func TestSquidCaptures(t *testing.T) {
	cases := map[string]struct {
		size     int // of the body
		complete bool
		read     []int // statuses when the handler reads the whole body
		pass     []int // statuses when it decides on the preview
	}{
		"options-reqmod":      {0, true, []int{200}, []int{200}},
		"curl-get":            {0, true, []int{204}, []int{204}},
		"curl-empty-post":     {0, true, []int{204}, []int{204}},
		"curl-json":           {133, true, []int{204}, []int{204}},
		"curl-chunked":        {136, true, []int{204}, []int{204}},
		"chromium-form":       {432, true, []int{204}, []int{204}},
		"curl-form-two":       {2405, false, []int{100, 204}, nil},
		"curl-30k":            {30082, false, []int{100, 204}, nil},
		"openai-audio":        {1260, false, []int{100, 200}, nil},
		"respmod-chatgpt-com": {0, false, nil, []int{204}},
	}
	files, err := filepath.Glob("testdata/squid/*.icap")
	if err != nil || len(files) != len(cases) {
		t.Fatalf("%d captures, want %d: %v", len(files), len(cases), err)
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join("testdata", "squid", name+".icap"))
			if err != nil {
				t.Fatal(err)
			}
			for reading, want := range map[bool][]int{true: tc.read, false: tc.pass} {
				if want == nil {
					continue
				}
				s := newServer(t, Options{}, func(ctx context.Context, r *Request) Answer {
					if r.Body.Complete() != tc.complete || r.RemoteAddr == nil || len(r.Header.Get("X-Client-IP")) == 0 {
						t.Errorf("complete %v, header %q", r.Body.Complete(), r.Header.Raw())
					}
					if !reading {
						return Unmodified()
					}
					content, err := r.Body.ReadAll(ctx)
					if err != nil || content.Size() != int64(tc.size) {
						t.Errorf("%d bytes, %v; want %d", content.Size(), err, tc.size)
					}
					return Unmodified()
				})
				all, err := replies(exchangeBytes(s, bytes.Clone(raw), 700))
				if err != nil {
					t.Fatal(err)
				}
				var got []int
				for _, r := range all {
					got = append(got, r.Status)
				}
				if !slices.Equal(got, want) {
					t.Errorf("answered %v, want %v", got, want)
				}
			}
		})
	}
}
