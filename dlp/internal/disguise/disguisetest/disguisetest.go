// Package disguisetest disguises values, for tests of what undoes it.
package disguisetest

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"

	"github.com/sluice-dlp/sluice/dlp/internal/disguise"
)

// Encoding is one way to disguise a value.
type Encoding struct {
	Encode func(string) string
	Kind   disguise.Kind // what must be found to have been done
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func gz(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s)) // a buffer takes everything
	_ = w.Close()
	return b.String()
}

// each writes every character of s as f does.
func each(s string, f func(r rune) string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteString(f(r))
	}
	return b.String()
}

// bytewise writes every byte of s in a format.
func bytewise(s, format string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, format, s[i])
	}
	return b.String()
}

func fullWidth(r rune) string {
	if r > ' ' && r < 0x7f {
		r += 0xfee0
	}
	return string(r)
}

// digitsFrom writes digits in another script.
func digitsFrom(r, zero rune) string {
	if r >= '0' && r <= '9' {
		r += zero - '0'
	}
	return string(r)
}

// Encodings are ways to disguise a value, by name.
var Encodings = map[string]Encoding{
	"base64":           {b64, disguise.Base64},
	"base64 for URLs":  {func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }, disguise.Base64},
	"base64 of UTF-16": {func(s string) string { return b64(each(s, func(r rune) string { return string(r) + "\x00" })) }, disguise.Base64},
	"hex":              {func(s string) string { return hex.EncodeToString([]byte(s)) }, disguise.Hex},
	"hex with 0x":      {func(s string) string { return "0x" + hex.EncodeToString([]byte(s)) }, disguise.Hex},
	"hex with colons": {func(s string) string {
		return strings.TrimSuffix(bytewise(s, "%02X:"), ":")
	}, disguise.Hex},
	"hex with spaces": {func(s string) string {
		return strings.TrimSuffix(bytewise(s, "%02x "), " ")
	}, disguise.Hex},
	"percent":              {url.PathEscape, disguise.Percent},
	"percent throughout":   {func(s string) string { return bytewise(s, "%%%02X") }, disguise.Percent},
	"percent with u":       {func(s string) string { return each(s, func(r rune) string { return fmt.Sprintf("%%u%04X", r) }) }, disguise.Percent},
	"decimal entities":     {func(s string) string { return each(s, func(r rune) string { return fmt.Sprintf("&#%d;", r) }) }, disguise.Entity},
	"hexadecimal entities": {func(s string) string { return each(s, func(r rune) string { return fmt.Sprintf("&#x%X;", r) }) }, disguise.Entity},
	"named entities":       {func(s string) string { return strings.ReplaceAll(s, " ", "&nbsp;") }, disguise.Entity},
	"JSON escapes":         {func(s string) string { return each(s, func(r rune) string { return fmt.Sprintf(`\u%04x`, r) }) }, disguise.Escape},
	"C escapes":            {func(s string) string { return bytewise(s, `\x%02x`) }, disguise.Escape},
	"octal escapes":        {func(s string) string { return bytewise(s, `\%03o`) }, disguise.Escape},
	"new escapes":          {func(s string) string { return each(s, func(r rune) string { return fmt.Sprintf(`\u{%x}`, r) }) }, disguise.Escape},
	"quoted-printable":     {func(s string) string { return bytewise(s, "=%02X") }, disguise.QuotedPrintable},
	"a soft line break":    {func(s string) string { return s[:len(s)/2] + "=\r\n" + s[len(s)/2:] }, disguise.QuotedPrintable},
	"full width": {func(s string) string {
		return each(s, func(r rune) string { return fullWidth(r) })
	}, disguise.Unusual},
	"Arabic digits": {func(s string) string {
		return each(s, func(r rune) string { return digitsFrom(r, '٠') })
	}, disguise.Unusual},
	"mathematical digits": {func(s string) string {
		return each(s, func(r rune) string { return digitsFrom(r, '𝟎') })
	}, disguise.Unusual},
	"raised digits":     {func(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "1", "¹"), "4", "⁴") }, disguise.Unusual},
	"no-break spaces":   {func(s string) string { return strings.ReplaceAll(s, " ", "\u00a0") }, disguise.Unusual},
	"thin spaces":       {func(s string) string { return strings.ReplaceAll(s, " ", "\u2009") }, disguise.Unusual},
	"zero-width spaces": {func(s string) string { return each(s, func(r rune) string { return string(r) + "\u200b" }) }, disguise.Invisible},
	"soft hyphens":      {func(s string) string { return s[:2] + "\u00ad" + s[2:] }, disguise.Invisible},
	"tags": {func(s string) string {
		return each(s, func(r rune) string { return string(r&0x7f + 0xe0000) })
	}, disguise.Unusual},
	"Cyrillic letters": {strings.NewReplacer("A", "А", "E", "Е", "K", "К", "P", "Р", "M", "М", "a", "а", "e", "е", "o", "о", "x", "х").Replace, disguise.Unusual},
	"split strings":    {func(s string) string { return `"` + s[:len(s)/2] + `" + "` + s[len(s)/2:] + `"` }, disguise.Split},
	"split in PHP":     {func(s string) string { return `'` + s[:len(s)/2] + `' . '` + s[len(s)/2:] + `'` }, disguise.Split},
	"neighbours in C":  {func(s string) string { return `"` + s[:len(s)/2] + "\"\n    \"" + s[len(s)/2:] + `"` }, disguise.Split},
	"a joined list":    {func(s string) string { return `['` + s[:len(s)/2] + `', '` + s[len(s)/2:] + `'].join('')` }, disguise.Split},
	"tags of HTML":     {func(s string) string { return s[:len(s)/2] + `<b class="x">` + s[len(s)/2:] + "</b>" }, disguise.Markup},
	"places to break":  {func(s string) string { return each(s, func(r rune) string { return string(r) + "<wbr>" }) }, disguise.Markup},
	"emphasis":         {func(s string) string { return s[:len(s)/2] + "**" + s[len(s)/2:] + "**" }, disguise.Markup},
	"struck digits":    {func(s string) string { return each(s, func(r rune) string { return string(r) + "\u0336" }) }, disguise.Invisible},
	"frames of keys":   {func(s string) string { return each(s, func(r rune) string { return string(r) + "\ufe0f\u20e3" }) }, disguise.Invisible},
	"selectors":        {func(s string) string { return each(s, func(r rune) string { return string(r) + "\U000e0101" }) }, disguise.Invisible},
	"gzip":             {func(s string) string { return b64(gz(s)) }, disguise.Base64 | disguise.Gzip},
}
