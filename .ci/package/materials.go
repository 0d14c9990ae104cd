package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// component is a part of the program, in the words of CycloneDX.
type component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	Scope      string     `json:"scope,omitempty"`
	PURL       string     `json:"purl,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// writeMaterials writes which modules are in the programs, as the programs say themselves: what go version -m prints.
func (r *release) writeMaterials() error {
	parts, systems := map[string]component{}, map[string][]string{}
	for _, program := range r.programs {
		info, err := buildinfo.Read(bytes.NewReader(program.content))
		if err != nil {
			return fmt.Errorf("the program for %s/%s: %w", program.system, program.arch, err)
		}
		modules := append([]*debug.Module{{Path: "std", Version: strings.TrimPrefix(info.GoVersion, "go")}}, info.Deps...)
		for _, module := range modules {
			for module.Replace != nil {
				module = module.Replace
			}
			ref := "pkg:golang/" + module.Path + "@" + module.Version
			one := component{Type: "library", Ref: ref, Name: module.Path, Version: module.Version, Scope: "required", PURL: ref}
			if module.Sum != "" {
				one.Properties = append(one.Properties, property{name + ":go.sum", module.Sum})
			}
			parts[ref] = one
			systems[ref] = append(systems[ref], program.system+"/"+program.arch)
		}
	}
	var components []component
	for _, ref := range slices.Sorted(maps.Keys(parts)) {
		one := parts[ref]
		if len(systems[ref]) < len(r.programs) {
			one.Properties = append(one.Properties, property{name + ":only-in", strings.Join(systems[ref], " ")})
		}
		components = append(components, one)
	}
	self := "pkg:golang/" + name + "@" + r.version
	document := map[string]any{
		"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
		"metadata": map[string]any{
			"timestamp": r.time.Format(time.RFC3339),
			"component": component{Type: "application", Ref: self, Name: name, Version: r.version, PURL: self},
		},
		"components": components,
		"dependencies": []map[string]any{{"ref": self, "dependsOn": slices.Collect(func(yield func(string) bool) {
			for _, one := range components {
				if !yield(one.Ref) {
					return
				}
			}
		})}},
	}
	content, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return err
	}
	return r.write(name+"-"+r.version+".cdx.json", append(content, '\n'))
}

// writeSums writes the checksums of everything in dist, sorted by path.
func (r *release) writeSums() error {
	var lines []string
	err := filepath.WalkDir(r.dist, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "SHA256SUMS" {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(r.dist, path)
		sum := sha256.Sum256(content)
		lines = append(lines, hex.EncodeToString(sum[:])+"  "+filepath.ToSlash(relative)+"\n")
		return err
	})
	if err != nil {
		return err
	}
	slices.SortFunc(lines, func(a, b string) int { return cmp.Compare(a[66:], b[66:]) })
	return r.write("SHA256SUMS", []byte(strings.Join(lines, "")))
}
