//go:build linux

package main

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// BenchmarkDependencies is what each module costs in the binary: KiB are its code and data (without the tables of lines
// and types that the linker makes of all), init-µs the median time of its packages' initialisation, which every start pays.
func BenchmarkDependencies(b *testing.B) {
	path := filepath.Join(b.TempDir(), "program")
	build := exec.Command("make", "-C", "../..", "build", "OUT="+path, "LDFLAGS=") // with its symbols
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("make build: %v\n%s", err, out)
	}
	modules := modulesOf(b)
	sizes, starts := sizesOf(b, path, modules), map[string][]float64{}
	for b.Loop() {
		for module, spent := range initialisation(b, path, modules) {
			starts[module] = append(starts[module], spent)
		}
	}
	for _, module := range slices.SortedFunc(maps.Keys(sizes), func(a, c string) int { return int(sizes[c] - sizes[a]) }) {
		b.Run(strings.ReplaceAll(module, "/", "+"), func(b *testing.B) {
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(sizes[module]/1024, "KiB")
			if spent := starts[module]; len(spent) > 0 {
				slices.Sort(spent)
				b.ReportMetric(spent[len(spent)/2], "init-µs")
			}
		})
	}
}

// modulesOf is the module of each package in the binary; "std" for Go's own.
func modulesOf(b *testing.B) map[string]string {
	b.Helper()
	list := exec.Command("go", "list", "-deps", "-json=ImportPath,Module", ".")
	list.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := list.Output()
	if err != nil {
		b.Fatal(err)
	}
	modules := map[string]string{"main": "opensrs-doctor"}
	for stream := json.NewDecoder(bytes.NewReader(out)); ; {
		var one struct {
			ImportPath string
			Module     *struct{ Path string }
		}
		switch err := stream.Decode(&one); {
		case errors.Is(err, io.EOF):
			return modules
		case err != nil:
			b.Fatal(err)
		}
		modules[one.ImportPath] = "std"
		if one.Module != nil {
			modules[one.ImportPath] = one.Module.Path
		}
	}
}

// symbolPackage finds the package in a symbol's name: all up to the first dot behind the last slash of its path.
var symbolPackage = regexp.MustCompile(`^(?:type:\.(?:eq|hash)\.|go:itab\.\*?)?([A-Za-z0-9_%./-]*?[A-Za-z0-9_%-]+)\.[^/]*$`)

// sizesOf adds up the symbols of each module; what no package has is the linker's. Variables that begin as zeros are not in
// the file, and not counted.
func sizesOf(b *testing.B, path string, modules map[string]string) map[string]float64 {
	b.Helper()
	program, err := elf.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer program.Close()
	symbols, err := program.Symbols()
	if err != nil {
		b.Fatal(err)
	}
	sizes := map[string]float64{}
	for _, symbol := range symbols {
		if int(symbol.Section) >= len(program.Sections) || program.Sections[symbol.Section].Type == elf.SHT_NOBITS {
			continue
		}
		module := "linker"
		name, _, _ := strings.Cut(symbol.Name, "[")
		if found := symbolPackage.FindStringSubmatch(name); found != nil && modules[unescapedPath(found[1])] != "" {
			module = modules[unescapedPath(found[1])]
		}
		sizes[module] += float64(symbol.Size)
	}
	return sizes
}

// unescapedPath is a package's path as it is imported: in symbols the dots of its last element are written %2e.
func unescapedPath(path string) string { return strings.ReplaceAll(path, "%2e", ".") }

// initialisation is the time in µs that the packages of each module take at one start.
func initialisation(b *testing.B, path string, modules map[string]string) map[string]float64 {
	b.Helper()
	start := exec.Command(path, "version")
	start.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	var traced bytes.Buffer
	start.Stderr = &traced
	if err := start.Run(); err != nil {
		b.Fatal(err)
	}
	spent := map[string]float64{}
	for line := range strings.Lines(traced.String()) {
		var name string
		var at, took float64
		if _, err := fmt.Sscanf(line, "init %s @%f ms, %f ms clock", &name, &at, &took); err == nil && modules[name] != "" {
			spent[modules[name]] += 1000 * took
		}
	}
	if len(spent) == 0 {
		b.Fatalf("no trace: %s", traced.String())
	}
	return spent
}
