// Package systems runs the built command as other systems run it: the one for Windows under Wine, the one for
// linux/arm64 under qemu. Each meets every fault of a sandbox that listens on loopback in this process, and some worlds
// besides, and has to name the cause; the tests of the rooms that ask the system itself run there too.
//
// All of it is in the test files. Wine has no UDP that Go can use, so names are asked for over TCP there, and the
// sandbox inside the command cannot start. Traffic stays on loopback.
package systems
