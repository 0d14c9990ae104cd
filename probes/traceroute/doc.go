// Package traceroute finds out where packets go: hop by hop to a TCP port, without any privilege, and by which interface and
// gateway they leave. What the answers mean for the endpoint is judged elsewhere.
package traceroute
