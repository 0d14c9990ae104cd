// Package opensrs is the protocol of the OpenSRS reseller API, as far as a diagnosis and a sandbox need it: the envelope, the
// signature, the shape of keys, and what reply codes mean. What clients get wrong with it is in packages mistakes
// and inspect. It is pure: bytes in, values out, no network, no files, no clock.
//
// A call is an HTTPS POST of an OPS envelope (an XML document of the XCP protocol) with the caller's name
// in the header X-Username and the signature of the body in X-Signature. Source:
// domains.opensrs.guide/docs/writing-your-own-client.
package opensrs

// The headers of a call.
const (
	HeaderUsername  = "X-Username"
	HeaderSignature = "X-Signature"
	ContentType     = "text/xml"
)

// Limits of what is decoded. A real reply to a balance question has less than a thousand bytes.
const (
	MaxReply = 1 << 20 // bytes of one envelope
	MaxDepth = 64      // elements inside each other
)
