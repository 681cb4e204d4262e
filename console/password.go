package console

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Cost of a password's hash (RFC 9106 §4, the second recommended option, with one lane):
// about 50 ms of one core and 64 MiB.
const (
	passwordTime   = 3
	passwordMemory = 64 << 10 // KiB
	passwordLanes  = 1
	passwordKey    = 32
	passwordSalt   = 16
)

// Lengths of a password, in bytes.
const (
	MinPassword = 12
	MaxPassword = 1024
)

// HashPassword returns the secret of an account (argon2id, in the PHC string format), or
// says why the password is none. It is safe for concurrent use.
func HashPassword(password string) (string, error) {
	if len(password) < MinPassword || len(password) > MaxPassword {
		return "", fmt.Errorf("a password has %d to %d bytes", MinPassword, MaxPassword)
	}
	salt := make([]byte, passwordSalt)
	rand.Read(salt)
	key := argon2.IDKey([]byte(password), salt, passwordTime, passwordMemory, passwordLanes, passwordKey)
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, passwordMemory, passwordTime, passwordLanes,
		enc.EncodeToString(salt), enc.EncodeToString(key)), nil
}

// ErrSecret says that an account's secret is not a hash that HashPassword made.
var ErrSecret = errors.New("the account's secret is not readable")

// VerifyPassword reports whether password belongs to secret. It takes the same time for
// every password; an empty secret (an account of an identity provider) has none.
func VerifyPassword(secret, password string) (bool, error) {
	if secret == "" || len(password) > MaxPassword {
		return false, nil
	}
	parts := strings.Split(secret, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return false, ErrSecret
	}
	var version int
	var memory, time uint32
	var lanes uint8
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &time, &lanes); err != nil || version != argon2.Version {
		return false, ErrSecret
	}
	// Bounds: the row may come from elsewhere.
	if memory < 8 || memory > 1<<20 || time < 1 || time > 16 || lanes < 1 || lanes > 16 {
		return false, ErrSecret
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	key, kerr := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || kerr != nil || len(salt) < 8 || len(key) < 16 || len(key) > 64 {
		return false, ErrSecret
	}
	got := argon2.IDKey([]byte(password), salt, time, memory, lanes, uint32(len(key)))
	return subtle.ConstantTimeCompare(got, key) == 1, nil
}
