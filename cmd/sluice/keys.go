package main

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// keyBytes is the length of the master key and of every key derived from it.
const keyBytes = 32

// keyring is the master key that all nodes share; each use has a key of its own.
type keyring struct{ master []byte }

// Uses of derived keys. A name is part of the derivation: changing one changes every
// fingerprint made with it.
const (
	useFingerprint = "sluice fingerprint v1"
	useFileHash    = "sluice file hash v1"
	useToken       = "sluice token v1"
	useConsole     = "sluice console v1"
)

func (k keyring) derive(use string) []byte {
	key, err := hkdf.Key(sha256.New, k.master, nil, use, keyBytes)
	if err != nil {
		panic(err) // only for a length over 255 hashes: ours is a constant
	}
	return key
}

// openKeys reads the key file, or makes it (0600) when it is missing and create is set.
// Without create, a missing file gives a key for this process alone.
func openKeys(path string, create bool) (keyring, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newKeys(path, create)
	}
	if err != nil {
		return keyring{}, fmt.Errorf("read keys.file: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 1<<10))
	if err != nil {
		return keyring{}, fmt.Errorf("read keys.file: %w", err)
	}
	master, err := hex.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(master) != keyBytes {
		return keyring{}, fmt.Errorf("keys.file %s: want %d bytes in hexadecimal; copy the file of another node, or remove it on a first node", path, keyBytes)
	}
	return keyring{master}, nil
}

// keysOrOwn is openKeys for commands that only need a key to tell equal values: one that cannot
// be read is replaced by one for this run, and errOut told so.
func keysOrOwn(path string, errOut io.Writer) (keyring, error) {
	keys, err := openKeys(path, false)
	if err == nil {
		return keys, nil
	}
	fmt.Fprintf(errOut, "sluice: %s; going on with keys of its own: fingerprints are of this run alone\n", short(err.Error()))
	return newKeys("", false)
}

func newKeys(path string, create bool) (keyring, error) {
	k := keyring{make([]byte, keyBytes)}
	_, _ = rand.Read(k.master) // never fails (crypto/rand)
	if !create {
		return k, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return keyring{}, fmt.Errorf("make keys.file: %w", err)
	}
	// A file of its own name, then a link: two nodes that start at once agree on one key.
	tmp, err := os.CreateTemp(filepath.Dir(path), ".keys-*")
	if err != nil {
		return keyring{}, fmt.Errorf("make keys.file: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(hex.EncodeToString(k.master) + "\n")
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return keyring{}, fmt.Errorf("make keys.file: %w", err)
	}
	if err := os.Link(tmp.Name(), path); errors.Is(err, fs.ErrExist) {
		return openKeys(path, false)
	} else if err != nil {
		return keyring{}, fmt.Errorf("make keys.file: %w", err)
	}
	return k, nil
}
