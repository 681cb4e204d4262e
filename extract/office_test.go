package extract_test

import (
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/extract"
)

// TestOddPlacesOfOfficeFiles asks for text that no page shows and that is in the file.
func TestOddPlacesOfOfficeFiles(t *testing.T) {
	types := member{"[Content_Types].xml", []byte("<Types/>")}
	part := func(name, content string) []byte { return zipOf(t, types, member{name, []byte(content)}) }
	cases := map[string][]byte{
		"a shared string that no cell shows": zipOf(t, types, member{"xl/sharedStrings.xml", []byte(`<sst><si><t>shown</t></si><si><t>secret words</t></si></sst>`)},
			member{"xl/worksheets/sheet1.xml", []byte(`<worksheet><sheetData><row><c t="s"><v>0</v></c></row></sheetData></worksheet>`)}),
		"the cache of a pivot table":         part("xl/pivotCache/pivotCacheRecords1.xml", `<r><s v="secret words"/></r>`),
		"a list of choices":                  part("xl/worksheets/sheet1.xml", `<worksheet><sheetData/><dataValidation><formula1>"secret words"</formula1></dataValidation></worksheet>`),
		"the hint of a choice":               part("xl/worksheets/sheet1.xml", `<worksheet><sheetData><row/></sheetData><dataValidation prompt="secret words"/></worksheet>`),
		"the name of a sheet":                part("xl/workbook.xml", `<workbook><sheet name="secret words"/></workbook>`),
		"the description of a picture":       part("word/document.xml", `<w:p><wp:docPr descr="secret words"/></w:p>`),
		"the code of a field":                part("word/document.xml", `<w:p><w:instrText>secret words</w:instrText></w:p>`),
		"the name of a form field":           part("word/document.xml", `<w:sdt><w:alias w:val="secret words"/></w:sdt>`),
		"a comment of the markup":            part("word/document.xml", `<w:p><!-- secret words --></w:p>`),
		"data of an add-in":                  part("customXml/item1.xml", `<r a="secret words"/>`),
		"a property of the document":         part("docProps/custom.xml", `<p><vt:lpwstr>secret words</vt:lpwstr></p>`),
		"runs with a font between them":      part("word/document.xml", `<w:t>secret </w:t><w:rFonts w:x="Two Words Here"/><w:t>words</w:t>`),
		"the layout of a slide":              part("ppt/slideLayouts/slideLayout1.xml", `<p:sldLayout><a:t>secret words</a:t></p:sldLayout>`),
		"a part beside the themes":           part("word/theme/notes.xml", `<w:t>secret words</w:t>`),
		"a part that is called a picture":    part("word/media/image1.png", "secret words"),
		"a part of a kind that is not known": part("foo/bar.dat", "\x00\x01\x02secret words\x00"),
	}
	x := extract.New(extract.Options{})
	for name, data := range cases {
		t.Run(name, func(t *testing.T) {
			d := x.ExtractFile(t.Context(), "", data)
			for _, part := range d.Texts {
				if strings.Contains(part.Text, "secret words") {
					return
				}
			}
			t.Errorf("the words are in none of %d parts; outcome %s", len(d.Texts), d.Outcome)
		})
	}
}
