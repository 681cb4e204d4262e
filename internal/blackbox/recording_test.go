package blackbox

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
)

// TestReadinessTellsOfEventsThatCannotBeRecorded takes the room from a node's disk, and then
// lets its syncs fail: the node stays ready, for a proxy without it is worse off, but says so
// to people, to metrics, and to balancers that ask strictly. A stopped request costs one line
// of the log.
func TestReadinessTellsOfEventsThatCannotBeRecorded(t *testing.T) {
	disk := newVolume(t, 96)
	t.Setenv("SLUICE_DATA_DIR", disk.dir)
	node := newSluice(t, settings{policy: "defaults:\n  unreviewed: {profiles: [default], on_match: block}\n"})
	node.start()
	var secrets planted
	card := prompt("alice", openAIChat("Refund the card "+secrets.card()))
	client := &icap.Client{Addr: node.icap, Timeout: 10 * time.Second}
	defer client.Close()
	send := func(n int) {
		t.Helper()
		for range n {
			if _, err := client.Do(t.Context(), card); err != nil {
				t.Fatal(err)
			}
		}
	}
	says := func(when, why string) {
		t.Helper()
		proc.Eventually(t, 20*time.Second, when, func() error {
			for path, want := range map[string]int{"/readyz": http.StatusOK, "/readyz?strict": http.StatusServiceUnavailable} {
				if why == "ok" {
					want = http.StatusOK
				}
				if err := answers("http://"+node.ops+path, want, why); err != nil {
					return err
				}
			}
			if m := metric(t, node, "sluice_outbox_recording"); (m == 1) != (why == "ok") {
				return fmt.Errorf("sluice_outbox_recording is %v", m)
			}
			return nil
		})
	}
	says("all is well", "ok")

	disk.fill()
	says("the disk is full", "degraded: events cannot be recorded: outbox is full")
	before := node.stderr.String()
	send(30)
	proc.Eventually(t, 20*time.Second, "the log has a line for each stopped request, and one alarm", func() error {
		log := strings.TrimPrefix(node.stderr.String(), before)
		decisions, alarms := strings.Count(log, "msg=decision"), strings.Count(log, `msg="events not recorded"`)
		if others := strings.Count(log, "\n") - decisions; decisions != 30 || alarms == 0 || others > 4 {
			return fmt.Errorf("%d decisions, %d alarms, %d other lines", decisions, alarms, others)
		}
		return nil
	})
	disk.free()
	says("there is room again", "ok")

	mend := injectFault(t, node.serving.PID(), "inject=fsync,fdatasync:error=EIO")
	send(1)
	says("the disk fails", "degraded: events cannot be recorded: write outbox: disk I/O error")
	mend()
	send(1)
	says("the disk is mended", "ok")
	node.stop()
	secrets.absentFrom(t, map[string]string{"what sluice printed": node.stderr.String()}, disk.dir)
}
