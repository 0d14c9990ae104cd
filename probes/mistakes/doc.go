// Package mistakes finds what a client of the OpenSRS reseller API got wrong: in its signature, by making it anew with every
// known mistake and with any two; in its request and its body, by reading them as the service would. It is pure, as the
// protocol in package opensrs is: bytes in, findings out, and no finding holds the key or the right signature.
package mistakes
