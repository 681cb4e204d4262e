package blackbox

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/icap"
)

// TestMemoryStaysBounded sends 64 bodies of 5 MB at once, of each kind that is many small
// things, and asserts that the node takes a few times what their bytes are, whatever is in them.
func TestMemoryStaysBounded(t *testing.T) {
	const (
		clients, size = 64, 5 << 20
		most          = 1536 << 20 // some 1,000 MiB were measured, and 2,400 when each text had a path
	)
	t.Setenv("GOMAXPROCS", "2") // twice as many large bodies are read at a time
	bodies := map[string]string{
		"brackets":           strings.Repeat("[", size),
		"numbers with names": "{" + strings.Repeat(`"a":1,`, size/6) + `"b":1}`,
		"letters":            `{"messages":[` + strings.Repeat(`"a",`, size/4) + `"a"]}`,
		"lines":              strings.Repeat(`{"text":"a b"}`+"\n", size/15),
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			node := newSluice(t, settings{})
			node.start()
			before := peakRSS(t, node.serving.PID())
			began := time.Now()
			var all sync.WaitGroup
			for i := range clients {
				all.Go(func() {
					c := &icap.Client{Addr: node.icap, Timeout: 5 * time.Minute}
					defer c.Close()
					if _, err := c.Do(context.WithoutCancel(t.Context()), prompt(fmt.Sprintf("user%d", i), body)); err != nil {
						t.Errorf("no answer: %v", err)
					}
				})
			}
			all.Wait()
			after := peakRSS(t, node.serving.PID())
			t.Logf("%d bodies of %d MB: peak RSS %d MiB, %d before; %s", clients, len(body)/1e6, after>>20, before>>20, time.Since(began).Round(time.Millisecond))
			if after > most {
				t.Errorf("peak RSS is %d MiB, want at most %d MiB", after>>20, most>>20)
			}
		})
	}
}
