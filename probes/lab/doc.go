// Package lab makes faults real: it builds a small internet of network namespaces, breaks one thing in
// it, runs the built opensrs-doctor on the client's side and compares what it says with what was broken.
//
//	client ─── gateway ─── isp ─── edge ─── far
//	10.1.0.2   10.1.0.1    203.0.113.1      198.51.100.10  the API, port 55443 (and 443)
//	           NAT to      203.0.113.129    192.0.2.11 .12 egress sources, https and http
//	           203.0.113.10        .130     192.0.2.21 .22 controls, port 443
//	                                        192.0.2.31     status page
//	                                        192.0.2.53 .54 resolvers
//	                                        192.0.2.80     proxy, 3128 CONNECT and 1080 SOCKS
//
// The namespaces have no names: file descriptors of the test process hold them, so they vanish with it,
// also when it is killed. Each fault has a world of its own, and many run side by side. The client's
// /etc/resolv.conf and /etc/hosts are bind mounts in a mount namespace of that one command; the
// machine's own files and network are never touched.
//
// # Running
//
//	go test ./probes/lab                                            everything, a scoreboard with -v
//	go test ./probes/lab -v -run 'TestLab/port.filtered/gateway-drop'     one fault
//	go test ./probes/lab -run 'TestLab/^dns'                        an area
//	go test ./probes/lab -run TestHarness                           the lab itself, without the tool
//	OPENSRS_DOCTOR_LAB=require go test ./probes/lab                 a lab that cannot run is a failure
//	OPENSRS_DOCTOR_LAB_KEEP=/tmp/x go test ./probes/lab -run …      every report is saved there, for render
//
// It needs Linux, ip (iproute2), nft (nftables) and root or unprivileged user namespaces. Where one of
// these is missing the tests skip and say which.
//
// # Adding a fault
//
// A fault is one literal in the table of its area (port_test.go, dns_test.go, …): the cause that must
// be found, a name for this way of getting there, and Break, which changes a healthy world:
//
//	{Cause: "port.filtered", Name: "gateway-drop", Says: []string{"10.1.0.1"},
//		Break: func(w *World) { w.Gateway.Filter("forward", "tcp dport 55443 drop") }},
//
// Break runs when the links are up and before any service listens. It may add packet filters
// (Node.Filter), run ip (Node.IP), change the services (w.API, w.Zone, w.Resolvers, w.Sources,
// w.Controls, w.Status, w.Proxy), the certificates (w.API.Certificate, w.SystemStore) and the command
// (w.Rules, w.Key, w.Env, w.Flags). The expectation is in the other fields of Fault. Whether a scenario
// does what its name says, TestHarness and Fault.Check can count at the far side.
package lab
