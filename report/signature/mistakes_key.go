package signature

import (
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/mistakes"
)

// keyMistakes are those of clients that used the key in another shape, or another key.
var keyMistakes = lazy.Value[[]mistake]{Make: func() []mistake {
	return []mistake{
		{
			id:      mistakes.KeyTrailingNewline,
			summary: "the key was used with a line end after it",
			means:   "The client read the line end after the key as a part of it.",
			forms: map[string]string{
				"crlf": "The line end is CRLF: the file was written on Windows.",
				"cr":   "Only the CR of a CRLF is left: the file was written on Windows, and just the LF was cut off.",
			},
			fix:    "Cut white space off the key where it is read.",
			php:    "file_get_contents(), file() and fgets() keep the line end; write trim(file_get_contents($path)).",
			python: "read() and readline() keep the line end; write open(path).read().strip().",
			ruby:   "File.read and gets keep the line end; write File.read(path).strip.",
			node:   "readFileSync(path, 'utf8') keeps the line end; write readFileSync(path, 'utf8').trim().",
			perl:   "<$file> keeps the line end; chomp it, and take a CR away with s/\\s+$//.",
		},
		{
			id:      mistakes.KeyQuoted,
			summary: "the key was used with quotation marks around it",
			means:   "The client took the quotation marks around the key as a part of it.",
			fix:     "Take the quotation marks away where the key is kept, or where it is read. Docker's --env-file and systemd's credentials keep them as they are.",
			php:     "a line of an .env file that is split by hand keeps them; use parse_ini_file() or a dotenv library, or trim($key, \"\\\"'\").",
			python:  "configparser keeps them, and so does split('='); leave them out of the file, or use python-dotenv.",
			ruby:    "split('=') keeps them; leave them out of the file, or use the dotenv gem.",
			node:    "split('=') keeps them, and JSON.stringify() adds them; leave them out of the file, or use dotenv.",
			perl:    "split /=/ keeps them, and most Config modules do; leave them out of the file.",
		},
		{
			id:      mistakes.KeyInSpaces,
			summary: "the key was used with spaces around it",
			means:   "The client took a space before or after the key as a part of it.",
			fix:     "Cut white space off the key where it is read, and look for a space in the line where it is kept.",
			php:     "explode('=', $line) keeps the spaces of \"key = value\"; trim() the value.",
			python:  "line.split('=') keeps the spaces of \"key = value\"; strip() the value.",
			ruby:    "line.split('=') keeps the spaces of \"key = value\"; strip the value.",
			node:    "line.split('=') keeps the spaces of \"key = value\"; trim() the value.",
			perl:    "split /=/ keeps the spaces of \"key = value\"; split /\\s*=\\s*/ does not.",
		},
		{
			id:      mistakes.KeyUppercase,
			summary: "the key was used in capital letters",
			means:   "The client turned the key into capital letters. A key is text: capital and small letters differ in it.",
			fix:     "Use the key exactly as the control panel shows it.",
			php:     "leave out strtoupper() on the key; bin2hex() gives small letters.",
			python:  "leave out .upper() on the key; hex() and hexlify() give small letters.",
			ruby:    "leave out upcase on the key.",
			node:    "leave out toUpperCase() on the key.",
			perl:    "leave out uc on the key, and unpack it with 'H*' and not with sprintf '%X'.",
		},
		{
			id:      mistakes.KeyLowercase,
			summary: "the key was used in small letters",
			means:   "The client turned the key into small letters. A key is text: capital and small letters differ in it.",
			fix:     "Use the key exactly as the control panel shows it.",
			php:     "leave out strtolower() on the key, and keep the key out of array_change_key_case().",
			python:  "leave out .lower() on the key; use the key as a value of configparser, not as an option's name, which it makes small.",
			ruby:    "leave out downcase on the key.",
			node:    "leave out toLowerCase() on the key.",
			perl:    "leave out lc on the key.",
		},
		{
			id:      mistakes.KeyHexDecoded,
			summary: "the key was decoded from hex before use",
			means:   "The client turned the key's hex digits into bytes. The key is used as the text that it is, all of its hex digits.",
			fix:     "Use the key as text, and do not decode it.",
			php:     "leave out hex2bin() and pack('H*', $key).",
			python:  "leave out bytes.fromhex() and unhexlify(); write key.encode('ascii').",
			ruby:    "leave out [key].pack('H*').",
			node:    "Buffer.from(key, 'hex') decodes it; use the string, or Buffer.from(key).",
			perl:    "leave out pack('H*', $key).",
		},
		{
			id:      mistakes.KeyIsEmpty,
			summary: "the key was empty when the client signed",
			means:   "The client signed with an empty key: it did not find its key, and went on without.",
			fix:     "Look for the name of the variable or file that the key comes from, and make an empty key an error.",
			php:     "getenv() gives false where nothing is set, and $_ENV is empty unless variables_order has E; both count as \"\".",
			python:  "os.environ.get('NAME', '') hides that nothing is set; use os.environ['NAME'].",
			ruby:    "ENV['NAME'].to_s hides that nothing is set; use ENV.fetch('NAME').",
			node:    "process.env.NAME || '' hides that nothing is set; throw where it is undefined.",
			perl:    "an undefined $ENV{NAME} counts as '' with a warning only; die unless defined.",
		},
		{
			id:      mistakes.WrongKey,
			summary: "nothing known explains the signature: most likely another key",
			means: neitherOneNorTwo + " Most likely the client used another " +
				"key, or signed another body than this one.",
			fix: "Compare the client's key with the one given here without showing either, by the first 8 hex digits of their " +
				"SHA-256; opensrs-doctor check -f json calls them key_fingerprint. A new key ends the old one at once, and " +
				"the live and the test environment have keys of their own.",
			php:    "substr(hash('sha256', $key), 0, 8) is the fingerprint.",
			python: "hashlib.sha256(key.encode()).hexdigest()[:8] is the fingerprint.",
			ruby:   "Digest::SHA256.hexdigest(key)[0, 8] is the fingerprint.",
			node:   "createHash('sha256').update(key).digest('hex').slice(0, 8) is the fingerprint.",
			perl:   "substr(sha256_hex($key), 0, 8), with Digest::SHA, is the fingerprint.",
		},
	}
}}
