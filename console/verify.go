package console

import (
	"context"
	"sync"
)

// hashes bounds how many passwords are hashed at once: each takes 64 MiB and a core.
const hashes = 2

// verify reports whether a password is that of an account's secret. Without a secret it
// takes as long: nobody learns by the clock which accounts there are.
func (s *Server) verify(ctx context.Context, secret, password string) (bool, error) {
	select {
	case s.hashing <- struct{}{}:
		defer func() { <-s.hashing }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if secret != "" {
		return VerifyPassword(secret, password)
	}
	decoy, err := decoySecret()
	if err != nil {
		return false, err
	}
	_, err = VerifyPassword(decoy, password)
	return false, err
}

var decoySecret = sync.OnceValues(func() (string, error) { return HashPassword(newSecret()) })
