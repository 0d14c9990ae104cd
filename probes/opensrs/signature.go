package opensrs

import (
	"crypto/md5"
	"encoding/hex"
)

// Sign gives the signature of a request body, as the bytes that are sent: md5hex(md5hex(body+key)+key)
// in lowercase hex. MD5 is the service's choice, not ours.
func Sign(body, key []byte) string {
	return string(round(round(body, key), key))
}

// round is one of the two equal rounds of a signature.
func round(data, key []byte) []byte {
	sum := md5.New()
	sum.Write(data)
	sum.Write(key)
	return hex.AppendEncode(nil, sum.Sum(nil))
}

// The published vector is one round over 22 bytes (support article "API key & IP access"). Cut as body and
// key, the same bytes give a vector for both rounds, whose second value is md5sum's.
const (
	vectorBody   = "ConnecttoOpenSRS"
	vectorKey    = "viaSSL"
	vectorSingle = "e787cc1d1951dfec4827cede7b1a0933"
	vectorDouble = "84a97479b9bda20b28573c471ae85a21"
)

// CheckVector reports whether the code behind Sign gives the published vector for one round, and a known
// value for both. False means that this program is broken, not the key.
func CheckVector() bool {
	return string(round([]byte(vectorBody), []byte(vectorKey))) == vectorSingle &&
		Sign([]byte(vectorBody), []byte(vectorKey)) == vectorDouble
}
