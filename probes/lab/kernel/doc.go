// Package kernel runs the lab on another kernel than this machine's: Debian 12's, which is older than the counters that
// tell which host dropped a packet. The virtual machine has this machine's files, below a layer of its own, and no
// network.
//
// All of it is in the test files. Which kernel is taken: OPENSRS_DOCTOR_KERNEL names a folder in which a package
// linux-image-* is unpacked.
package kernel
