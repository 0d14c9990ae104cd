package signature

import (
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/mistakes"
)

// The right signature, as each language spells it.
const (
	rightPHP    = "md5(md5($xml . $key) . $key)"
	rightPython = "md5((md5(body + key).hexdigest()).encode() + key).hexdigest(), with body and key as bytes"
	rightRuby   = "Digest::MD5.hexdigest(Digest::MD5.hexdigest(xml + key) + key)"
	rightNode   = "md5(md5(xml + key) + key), where md5 = s => createHash('md5').update(s).digest('hex')"
	rightPerl   = "md5_hex(md5_hex($xml . $key) . $key), with $xml as bytes"
)

// digestMistakes are those in how the digest is made and written.
var digestMistakes = lazy.Value[[]mistake]{Make: func() []mistake {
	return []mistake{
		{
			id:      mistakes.UppercaseHex,
			summary: "the digest is written in capital letters",
			means:   "The client wrote the digest in capital hex letters; the service compares it with one in small letters.",
			forms: map[string]string{
				"both-rounds": "The digest of the first round was in capitals too when it went into the second.",
			},
			fix:    "Write the digest in lower-case hex, in both rounds.",
			php:    "md5() gives small letters; leave out strtoupper(), and print bytes with %02x instead of %02X.",
			python: "hexdigest() gives small letters; leave out .upper(), and format bytes with 02x instead of 02X.",
			ruby:   "Digest::MD5.hexdigest gives small letters; leave out upcase.",
			node:   "digest('hex') gives small letters; leave out toUpperCase().",
			perl:   "md5_hex gives small letters; leave out uc, and print bytes with %02x instead of %02X.",
		},
		{
			id:      mistakes.Base64Digest,
			summary: "the digest is written in base64",
			means:   "The client wrote the digest in base64; the service wants 32 lower-case hex digits.",
			forms: map[string]string{
				"both-rounds": "The digest of the first round was in base64 too when it went into the second.",
			},
			fix:    "Write the digest in lower-case hex, in both rounds.",
			php:    "leave out base64_encode(), and call md5() without its second argument.",
			python: "use h.hexdigest() instead of base64.b64encode(h.digest()).",
			ruby:   "use Digest::MD5.hexdigest instead of Digest::MD5.base64digest.",
			node:   "use digest('hex') instead of digest('base64').",
			perl:   "use md5_hex instead of md5_base64.",
		},
		{
			id:      mistakes.SignatureFormat,
			summary: "the digest has something around it or inside",
			means: "The signature is not the bare digest: there is something around it or inside, such as 0x, quotation " +
				"marks, spaces, dashes or colons. The service wants 32 lower-case hex digits and nothing else.",
			forms: map[string]string{
				"leading-zeros": "Here the zeros at its start got lost, as they do where a digest is turned into a number.",
				"longer":        "Here there are more hex digits next to the 32 right ones.",
			},
			fix:    "Send the 32 hex digits alone.",
			php:    "send what md5() gives as it is; json_encode() and var_export() put quotation marks around it.",
			python: "send hexdigest() as it is; hex() puts 0x before a number and loses zeros, repr() puts quotation marks around.",
			ruby:   "send hexdigest as it is; inspect puts quotation marks around it, to_i(16).to_s(16) loses zeros.",
			node:   "send digest('hex') as it is; JSON.stringify() puts quotation marks around, BigInt loses zeros.",
			perl:   "send md5_hex as it is, without join of its bytes and without sprintf of a number.",
		},
		{
			id:      mistakes.SignatureCut,
			summary: "a part of the signature is missing",
			means:   "What there is of the signature fits, and the rest of its 32 hex digits is missing.",
			forms: map[string]string{
				"":      "Its end was cut off.",
				"start": "Its beginning was cut off.",
			},
			fix:    "Send all 32 hex digits. If it was cut where it was copied or logged, give the whole signature to --signature.",
			php:    "substr() and a database column of fewer than 32 characters cut it; send what md5() gives.",
			python: "a slice, and a format such as %.16s, cut it; send what hexdigest() gives.",
			ruby:   "slice and [0, 16] cut it; send what hexdigest gives.",
			node:   "slice() and substring() cut it; send what digest('hex') gives.",
			perl:   "substr and sprintf with %.16s cut it; send what md5_hex gives.",
		},
		{
			id:      mistakes.SignatureMalformed,
			summary: "the signature is not 32 hex digits",
			means:   "A signature is 32 hex digits, 0 to 9 and a to f. This is something else, so no key explains it.",
			fix:     "Look at what the client puts into X-Signature: it has to be what the last round of MD5 gives, as hex.",
			php:     "an unset variable, true and an array become \"\", \"1\" and \"Array\" in a header; send what md5() gives.",
			python:  "str() of a hash object is its description, and digest() is bytes; send what hexdigest() gives.",
			ruby:    "Digest::MD5.digest gives bytes; send what Digest::MD5.hexdigest gives.",
			node:    "a hash object or a promise in a header becomes [object Object]; send what digest('hex') gives.",
			perl:    "md5 gives bytes, and a list in scalar context its length; send what md5_hex gives.",
		},
		{
			id:      mistakes.SingleMD5,
			summary: "MD5 was taken once instead of twice",
			means:   "The client took MD5 of body and key once. A signature is two rounds: the second takes the first one's hex digest and the key again.",
			fix:     "Put the first digest, as hex, and the key through MD5 once more.",
			php:     "md5($xml . $key) is the first round only; write " + rightPHP + ".",
			python:  "one hashlib.md5(...) is the first round only; write " + rightPython + ".",
			ruby:    "one Digest::MD5.hexdigest is the first round only; write " + rightRuby + ".",
			node:    "one createHash('md5') is the first round only; write " + rightNode + ".",
			perl:    "one md5_hex is the first round only; write " + rightPerl + ".",
		},
		{
			id:      mistakes.TripleMD5,
			summary: "MD5 was taken three times instead of twice",
			means:   "The client took one round of MD5 too many: two are right.",
			fix:     "Take the outermost round away. Often a function that signs already is wrapped into MD5 once more.",
			php:     "write " + rightPHP + ", with no md5() around it.",
			python:  "write " + rightPython + ", with no md5() around it.",
			ruby:    "write " + rightRuby + ", with no hexdigest around it.",
			node:    "write " + rightNode + ", with no md5() around it.",
			perl:    "write " + rightPerl + ", with no md5_hex around it.",
		},
		{
			id:      mistakes.MissingSecondKey,
			summary: "the key is missing in the second round",
			means:   "The client left the key out of the second round: it took MD5 of the first digest alone.",
			fix:     "Append the key to the first digest before the second round too.",
			php:     "md5(md5($xml . $key)) closes a parenthesis too early; write " + rightPHP + ".",
			python:  "the second md5() needs + key as well; write " + rightPython + ".",
			ruby:    "the outer hexdigest needs + key as well; write " + rightRuby + ".",
			node:    "the second update() needs the key as well; write " + rightNode + ".",
			perl:    "the outer md5_hex needs . $key as well; write " + rightPerl + ".",
		},
		{
			id:      mistakes.KeyFirst,
			summary: "the key comes before the data instead of after it",
			means:   "The client put the key before the data; it has to come after it, in both rounds.",
			forms: map[string]string{
				"first-round":  "It did so in the first round only.",
				"later-rounds": "It did so in the second round only.",
			},
			fix:    "Append the key to the data instead of putting it in front.",
			php:    "$key . $xml is the wrong way round; write " + rightPHP + ".",
			python: "hashlib.md5(key) and then update(body) puts the key first; write " + rightPython + ".",
			ruby:   "key + xml, or the key as the first <<, is the wrong way round; write " + rightRuby + ".",
			node:   "update(key) before update(xml) is the wrong way round; write " + rightNode + ".",
			perl:   "md5_hex($key, $xml) and add($key, $xml) join in that order; write " + rightPerl + ".",
		},
		{
			id:      mistakes.RawDigest,
			summary: "the second round was made of raw bytes instead of hex",
			means:   "The client put the 16 raw bytes of the first digest into the second round; its 32 hex digits belong there.",
			fix:     "Turn the first digest into lower-case hex before the second round.",
			php:     "md5($s, true) and hash('md5', $s, true) give raw bytes; leave true out.",
			python:  "digest() gives raw bytes; use hexdigest().encode().",
			ruby:    "Digest::MD5.digest gives raw bytes; use Digest::MD5.hexdigest.",
			node:    "digest() without an argument gives raw bytes; use digest('hex').",
			perl:    "md5() gives raw bytes; use md5_hex().",
		},
		{
			id:      mistakes.HMACMD5,
			summary: "HMAC was used instead of MD5 twice",
			means:   "The client computed an HMAC, which is another construction than the two plain rounds of MD5 that the service wants.",
			forms: map[string]string{
				"swapped": "Body and key changed places, too.",
			},
			fix:    "Use plain MD5 twice, with the key appended each time.",
			php:    "replace hash_hmac('md5', $xml, $key) by " + rightPHP + ".",
			python: "replace hmac.new(key, body, 'md5') by " + rightPython + ".",
			ruby:   "replace OpenSSL::HMAC.hexdigest by " + rightRuby + ".",
			node:   "replace createHmac('md5', key) by " + rightNode + ".",
			perl:   "replace hmac_md5_hex of Digest::HMAC_MD5 by " + rightPerl + ".",
		},
		{
			id:      mistakes.SHA1,
			summary: "SHA-1 was used instead of MD5",
			means:   "The client hashed with SHA-1, which gives 40 hex digits; the service wants MD5, which gives 32.",
			fix:     "Use MD5. It is the service's choice; TLS is what protects the call.",
			php:     "replace sha1() or hash('sha1', ...) by md5().",
			python:  "replace hashlib.sha1 by hashlib.md5.",
			ruby:    "replace Digest::SHA1 by Digest::MD5.",
			node:    "replace createHash('sha1') by createHash('md5').",
			perl:    "replace sha1_hex of Digest::SHA by md5_hex of Digest::MD5.",
		},
		{
			id:      mistakes.SHA256,
			summary: "SHA-256 was used instead of MD5",
			means:   "The client hashed with SHA-256, which gives 64 hex digits; the service wants MD5, which gives 32.",
			fix:     "Use MD5. It is the service's choice; TLS is what protects the call.",
			php:     "replace hash('sha256', ...) by md5().",
			python:  "replace hashlib.sha256 by hashlib.md5.",
			ruby:    "replace Digest::SHA256 by Digest::MD5.",
			node:    "replace createHash('sha256') by createHash('md5').",
			perl:    "replace sha256_hex of Digest::SHA by md5_hex of Digest::MD5.",
		},
		{
			id:      mistakes.UsernameInHash,
			summary: "the username was hashed too",
			means:   "The client put the username before the body when it signed. The username goes into the header X-Username only.",
			fix:     "Sign the body and the key, without the username.",
			php:     "write " + rightPHP + ", with no $username in it.",
			python:  "write " + rightPython + ".",
			ruby:    "write " + rightRuby + ".",
			node:    "write " + rightNode + ".",
			perl:    "write " + rightPerl + ".",
		},
	}
}}
