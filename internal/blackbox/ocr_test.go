package blackbox

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestPicturesAreReadByTesseract asks for the words in a picture, in a PDF file that is only
// a picture, and in a picture in a letter.
func TestPicturesAreReadByTesseract(t *testing.T) {
	for _, ocr := range []string{"true", "false"} {
		cmd := exec.CommandContext(t.Context(), os.Getenv(binaryEnv), "extract", "--json", "testdata/ocr")
		cmd.Env = append(os.Environ(), "SLUICE_EXTRACT_OCR="+ocr, "SLUICE_EXTRACT_TIME=1m", "SLUICE_DATA_DIR="+t.TempDir())
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		files := 0
		for line := range strings.Lines(string(out)) {
			files++
			var f struct {
				Path, Outcome string
				Texts         []struct{ Part, Text string }
			}
			if err := json.Unmarshal([]byte(line), &f); err != nil {
				t.Fatal(err)
			}
			found := false
			for _, text := range f.Texts {
				found = found || strings.HasSuffix(text.Part, "ocr") && strings.Contains(text.Text, "4111 1111 1111 1111")
			}
			if found != (ocr == "true") {
				t.Errorf("%s: words found %v with extract.ocr %s (outcome %s)", f.Path, found, ocr, f.Outcome)
			}
		}
		if files != 3 {
			t.Errorf("%d files, want 3", files)
		}
	}
}
