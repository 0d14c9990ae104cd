package mistakes

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

func keyUpper(key []byte) ([]byte, bool) { return shifted(key, 'a', 'z') }

func keyLower(key []byte) ([]byte, bool) { return shifted(key, 'A', 'Z') }

// shifted gives the letters in a range the other case. bytes.ToUpper would spoil a key of raw bytes.
func shifted(key []byte, first, last byte) ([]byte, bool) {
	out := bytes.Clone(key)
	for i, c := range out {
		if first <= c && c <= last {
			out[i] = c ^ 0x20
		}
	}
	return out, !bytes.Equal(out, key)
}

func keyFromHex(key []byte) ([]byte, bool) {
	raw, err := hex.DecodeString(string(key))
	return raw, err == nil && len(raw) > 0
}

func keyNone(key []byte) ([]byte, bool) { return nil, len(key) > 0 }
