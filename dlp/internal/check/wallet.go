package check

import (
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"strings"

	"golang.org/x/crypto/sha3"
)

// wallets are the checks of addresses and keys with the checksums of crypto currencies.
func wallets() []Validator {
	return []Validator{
		{Name: "crypto_wallet", About: "Base58Check, Bech32, Bech32m or EIP-55 checksum", Check: cryptoWallet},
		{Name: "age_secret_key", About: "Bech32 checksum", Check: func(s string) Verdict {
			return sureIf(bech32(s, "AGE-SECRET-KEY-") == 1)
		}},
		{Name: "bip39", About: "twelve to 24 words", Check: seedPhrase},
	}
}

func sureIf(ok bool) Verdict {
	if ok {
		return Sure
	}
	return Bad
}

func cryptoWallet(s string) Verdict {
	lower := strings.ToLower(s)
	switch {
	case strings.HasPrefix(lower, "0x"):
		return ethereum(s[2:])
	case strings.HasPrefix(lower, "bc1"), strings.HasPrefix(lower, "ltc1"), strings.HasPrefix(lower, "tb1"):
		hrp, _, _ := strings.Cut(lower, "1")
		sum := bech32(s, hrp)
		return sureIf(sum == 1 || sum == 0x2bc830a3) // BIP 173, BIP 350
	}
	return sureIf(base58Check(s))
}

// ethereum checks the capitals of EIP-55; an address in one case carries no checksum and
// is as likely a contract or a hash.
func ethereum(s string) Verdict {
	if len(s) != 40 || repeated(s) {
		return Bad
	}
	if _, err := hex.DecodeString(s); err != nil {
		return Bad
	}
	lower := strings.ToLower(s)
	if s == lower || s == strings.ToUpper(s) {
		if strings.HasPrefix(lower, "0000000000000000") {
			return Bad
		}
		return Good
	}
	h := sha3.NewLegacyKeccak256()
	h.Write([]byte(lower))
	sum := hex.EncodeToString(h.Sum(nil))
	for i := range len(s) {
		if c := lower[i]; c >= 'a' && (sum[i] >= '8') != (s[i] != c) {
			return Bad
		}
	}
	return Sure
}

const base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// base58Check checks the four bytes of double SHA-256 at the end.
func base58Check(s string) bool {
	if len(s) < 20 || len(s) > 112 {
		return false
	}
	n, radix := new(big.Int), big.NewInt(58)
	for i := range len(s) {
		digit := strings.IndexByte(base58, s[i])
		if digit < 0 {
			return false
		}
		n.Mul(n, radix).Add(n, big.NewInt(int64(digit)))
	}
	body := n.Bytes()
	zeros := len(s) - len(strings.TrimLeft(s, "1"))
	raw := append(make([]byte, zeros), body...)
	if len(raw) < 25 {
		return false
	}
	first := sha256.Sum256(raw[:len(raw)-4])
	second := sha256.Sum256(first[:])
	return string(second[:4]) == string(raw[len(raw)-4:])
}

// bech32 returns the checksum's residue (BIP 173), or 0 for what is not bech32 with that prefix.
func bech32(s, prefix string) uint32 {
	const alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	prefix = strings.ToLower(prefix)
	if s != strings.ToLower(s) && s != strings.ToUpper(s) || len(s) > 120 {
		return 0
	}
	data, ok := strings.CutPrefix(strings.ToLower(s), prefix+"1")
	if !ok || len(data) < 6 {
		return 0
	}
	sum := uint32(1)
	step := func(v byte) {
		top := sum >> 25
		sum = sum&0x1ffffff<<5 ^ uint32(v)
		for i, g := range [...]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	for i := range len(prefix) {
		step(prefix[i] >> 5)
	}
	step(0)
	for i := range len(prefix) {
		step(prefix[i] & 31)
	}
	for i := range len(data) {
		v := strings.IndexByte(alphabet, data[i])
		if v < 0 {
			return 0
		}
		step(byte(v))
	}
	return sum
}

// seedPhrase accepts as many words as BIP 39 has, none of them more than twice.
func seedPhrase(s string) Verdict {
	words := strings.Fields(s)
	count := map[string]int{}
	for _, w := range words {
		if count[w]++; count[w] > 2 {
			return Bad
		}
	}
	return verdict(len(words) >= 12 && len(words) <= 24 && len(words)%3 == 0)
}
