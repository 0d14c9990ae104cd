package opensrs

import (
	"bytes"
	"encoding/hex"
	"slices"
)

// What clients do to the key.

func wrapped(before, after string) func([]byte) ([]byte, bool) {
	return func(key []byte) ([]byte, bool) {
		return slices.Concat([]byte(before), key, []byte(after)), true
	}
}

func keyUpper(key []byte) ([]byte, bool) {
	upper := bytes.ToUpper(key)
	return upper, !bytes.Equal(upper, key)
}

func keyLower(key []byte) ([]byte, bool) {
	lower := bytes.ToLower(key)
	return lower, !bytes.Equal(lower, key)
}

func keyFromHex(key []byte) ([]byte, bool) {
	raw, err := hex.DecodeString(string(key))
	return raw, err == nil && len(raw) > 0
}

func keyNone(key []byte) ([]byte, bool) { return nil, len(key) > 0 }
