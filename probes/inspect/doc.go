// Package inspect reads a request to the OpenSRS reseller API as a client wrote it, out of a capture too, and finds what is
// wrong with its head and its body as the service would. It is pure: bytes in, findings out, and no finding holds the key or
// the right signature. What is wrong with the signature is found in package mistakes.
package inspect
