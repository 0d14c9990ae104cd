// Package mistakes finds what a client of the OpenSRS reseller API got wrong in its signature, by making it anew with every
// known mistake and with any two. It is pure, as the protocol in package opensrs is: bytes in, a verdict out, and no verdict
// holds the key or the right signature. What can be seen without a key, in the request and in its body, is found in package
// inspect.
package mistakes
