package console

import "sync"

// hashes bounds how many passwords are hashed at once: each takes 64 MiB and a core.
const hashes = 2

// verify reports whether a password is that of an account's secret. Without a secret it
// takes as long: nobody learns by the clock which accounts there are.
func (s *Server) verify(secret, password string) (bool, error) {
	s.hashing <- struct{}{}
	defer func() { <-s.hashing }()
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
