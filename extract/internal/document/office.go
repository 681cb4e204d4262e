package document

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ooxml reads the parts of an Office Open XML file, whatever their names: a package may
// call its main part what it likes.
func (w *walk) ooxml(path string, a *zipArchive, depth int) {
	var book workbook
	if f := a.find("xl/sharedStrings.xml"); f != nil {
		shared, _ := w.zipMember(a, f)
		book.share(shared)
		if w.over {
			w.text(join(path, f.Name), bytes.Join(book.shared, []byte("\n")))
			return
		}
	}
	if f := a.find("xl/styles.xml"); f != nil {
		styles, _ := w.zipMember(a, f)
		book.formats = numberFormats(styles)
	}
	for _, f := range a.files {
		if w.over {
			return
		}
		if f.Flags&1 != 0 {
			w.note(Encrypted)
			continue
		}
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		part, ok := w.zipMember(a, f)
		if !ok || len(part) == 0 {
			continue
		}
		switch {
		case strings.HasPrefix(f.Name, "xl/worksheets/") && strings.HasSuffix(f.Name, ".xml"):
			w.text(join(path, f.Name), book.sheet(part))
		case strings.HasSuffix(f.Name, ".xml"), strings.HasSuffix(f.Name, ".rels"), strings.HasSuffix(f.Name, ".vml"):
			w.text(join(path, f.Name), xmlText(part))
		case strings.HasPrefix(f.Name, "xl/") && strings.HasSuffix(f.Name, ".bin"): // xlsb
			w.text(join(path, f.Name), runs(part, 3))
		default:
			w.member(path, f.Name, part, depth)
		}
	}
	w.text(join(path, "xl/sharedStrings.xml"), book.left())
}

// workbook is what the sheets of a workbook refer to.
type workbook struct {
	shared  [][]byte
	shown   []bool   // which of them a cell shows
	formats []string // code of the number format, by the index that cells give
}

// share reads the strings that cells refer to.
func (b *workbook) share(data []byte) {
	elements(data, "si", func(_, inside []byte) bool {
		b.shared = append(b.shared, cellText(inside))
		return true
	})
	b.shown = make([]bool, len(b.shared))
}

// cellText joins the runs of a string.
func cellText(data []byte) []byte {
	var out []byte
	elements(data, "t", func(_, inside []byte) bool {
		out = appendEntities(out, inside)
		return true
	})
	return out
}

func numberFormats(data []byte) []string {
	codes := map[string]string{}
	elements(data, "numFmt", func(tag, _ []byte) bool {
		codes[string(attr(tag, "numFmtId"))] = string(appendEntities(nil, attr(tag, "formatCode")))
		return true
	})
	_, xfs, ok := bytes.Cut(data, []byte("<cellXfs"))
	if !ok {
		return nil
	}
	xfs, _, _ = bytes.Cut(xfs, []byte("</cellXfs>"))
	var out []string
	elements(xfs, "xf", func(tag, _ []byte) bool {
		out = append(out, codes[string(attr(tag, "numFmtId"))])
		return true
	})
	return out
}

// sheet writes a line for each row, and the text around the rows.
func (b *workbook) sheet(data []byte) []byte {
	out := make([]byte, 0, len(data)/4)
	elements(data, "row", func(_, row []byte) bool {
		elements(row, "c", func(tag, cell []byte) bool {
			out = append(b.cell(out, tag, cell), '\t')
			return true
		})
		out = append(out, '\n')
		return true
	})
	if i := bytes.Index(data, []byte("</sheetData>")); i >= 0 { // headers, footers, links
		return append(out, xmlText(data[i:])...)
	}
	if len(out) == 0 { // no rows: <sheetData/>
		return xmlText(data)
	}
	return out
}

func (b *workbook) cell(out, tag, cell []byte) []byte {
	typ := string(attr(tag, "t"))
	if typ == "inlineStr" {
		return append(out, cellText(cell)...)
	}
	elements(cell, "f", func(_, f []byte) bool {
		if bytes.IndexByte(f, '"') >= 0 || bytes.Contains(f, []byte("&quot;")) { // text in a formula
			out = append(appendEntities(out, f), ' ')
		}
		return true
	})
	elements(cell, "v", func(_, v []byte) bool {
		switch typ {
		case "s":
			if n, err := strconv.Atoi(string(v)); err == nil && n >= 0 && n < len(b.shared) {
				out = append(out, b.shared[n]...)
				b.shown[n] = true
			}
		case "str", "e":
			out = appendEntities(out, v)
		default:
			out = b.number(out, string(attr(tag, "s")), string(v))
		}
		return true
	})
	return out
}

// left returns the shared strings that no cell shows: what was deleted may still be there.
func (b *workbook) left() []byte {
	var out []byte
	for i, s := range b.shared {
		if !b.shown[i] {
			out = append(append(out, s...), '\n')
		}
	}
	return out
}

// number writes a number as the sheet shows it, and as it is where that differs.
func (b *workbook) number(out []byte, style, v string) []byte {
	if strings.ContainsAny(v, "eE") {
		if f, err := strconv.ParseFloat(v, 64); err == nil {
			v = strconv.FormatFloat(f, 'f', -1, 64)
		}
	}
	if i, err := strconv.Atoi(style); err == nil && i >= 0 && i < len(b.formats) {
		if shown := digitMask(v, b.formats[i]); shown != "" {
			out = append(append(out, shown...), ' ')
		}
	}
	return append(out, v...)
}

// digitMask writes an integer through a format of digits and separators such as
// 000\-00\-0000; it returns "" for any richer format.
func digitMask(v, code string) string {
	code, _, _ = strings.Cut(code, ";")
	code = strings.NewReplacer(`\`, "", `"`, "").Replace(code)
	places := strings.Count(code, "0") + strings.Count(code, "#")
	if places < len(v) || places == len(code) || strings.Trim(v, "0123456789") != "" || strings.Trim(code, "0#-/(). ") != "" {
		return ""
	}
	v = strings.Repeat("0", places-len(v)) + v
	out := make([]byte, 0, len(code))
	for i, k := 0, 0; i < len(code); i++ {
		if c := code[i]; c == '0' || c == '#' {
			out = append(out, v[k])
			k++
			continue
		}
		out = append(out, code[i])
	}
	return string(out)
}

// latin1 decodes single bytes of Windows' western code page closely enough for text
// that has no better label.
func latin1(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for _, c := range b {
		out = utf8.AppendRune(out, cp1252(c))
	}
	return out
}

// cp1252 is the code point of a byte in windows-1252.
func cp1252(c byte) rune {
	if c < 0x80 || c >= 0xa0 {
		return rune(c)
	}
	return [...]rune{
		'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8d, 'Ž', 0x8f,
		0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9d, 'ž', 'Ÿ',
	}[c-0x80]
}
