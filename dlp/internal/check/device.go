package check

import (
	"encoding/hex"
	"strings"
)

// devices are the checks of numbers of things: cars, phones, network cards.
func devices() []Validator {
	return []Validator{
		{Name: "vin", About: "ISO 3779: no I, O, Q; check digit at position 9 where it is kept", Check: vin},
		{Name: "imei", About: "3GPP TS 23.003: reporting body, Luhn", Check: imei},
		{Name: "mac_address", About: "a single device's address: not broadcast, multicast, zero or documentation", Check: macAddress},
	}
}

// vinValues transliterate A to Z (49 CFR 565.15).
const vinValues = "12345678" + "\x00" + "12345" + "\x00" + "7" + "\x00" + "9" + "23456789"

func vin(s string) Verdict {
	v := strings.ToUpper(s)
	if len(v) != 17 || repeated(v) {
		return Bad
	}
	weights := [...]int{8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2}
	sum, letters := 0, 0
	for i := range len(v) {
		c := v[i]
		switch {
		case c >= '0' && c <= '9':
			sum += int(c-'0') * weights[i]
		case c >= 'A' && c <= 'Z' && vinValues[c-'A'] != 0:
			sum += int(vinValues[c-'A']-'0') * weights[i]
			letters++
		default:
			return Bad
		}
	}
	// The last four characters are a serial number; a word of 17 letters has none.
	if _, ok := digits(v[13:], 4, 4); !ok || letters == 0 {
		return Bad
	}
	if v[8] == "0123456789X"[sum%11] {
		return Good
	}
	if strings.IndexByte("1245", v[0]) >= 0 {
		return Bad // 49 CFR 565.15 and Canada's rules require it
	}
	return Weak // European makers put anything at position 9
}

// imei checks GSMA's allocation: the first two digits name the reporting body.
func imei(s string) Verdict {
	d, ok := digits(s, 15, 15)
	if !ok || !luhn(d) || repeated(d[2:]) {
		return Bad
	}
	switch body := number(d[:2]); {
	case body == 1, body >= 30 && body <= 35, body == 44, body == 45, body >= 49 && body <= 54, body == 86, body >= 91 && body <= 99:
		return Good
	}
	return Bad
}

func macAddress(s string) Verdict {
	raw, err := hex.DecodeString(strings.NewReplacer(":", "", "-", "", ".", "").Replace(s))
	if err != nil || len(raw) != 6 || repeated(string(raw)) || raw[0]&1 != 0 {
		return Bad
	}
	if raw[0] == 0 && raw[1] == 0 && (raw[2] == 0x5E || raw[2] == 0) { // RFC 7042 §2.1.2, and examples
		return Bad
	}
	switch strings.ToUpper(hex.EncodeToString(raw)) {
	case "001122334455", "AABBCCDDEEFF", "0123456789AB", "123456789ABC", "001A2B3C4D5E":
		return Bad
	}
	return Good
}
