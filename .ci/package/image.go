package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"strings"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// Types of the parts of an image, from the image specification of the Open Container Initiative.
const (
	typeManifest = "application/vnd.oci.image.manifest.v1+json"
	typeConfig   = "application/vnd.oci.image.config.v1+json"
	typeLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// descriptor points to a part of an image.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    *platform         `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
}

// layout is the content of an image's tarball in the making.
type layout struct{ files []file }

// add puts a part into the layout under its digest.
func (l *layout) add(mediaType string, content []byte) descriptor {
	sum := sha256.Sum256(content)
	digest := hex.EncodeToString(sum[:])
	l.files = append(l.files, file{"blobs/sha256/" + digest, 0o644, content, false})
	return descriptor{MediaType: mediaType, Digest: "sha256:" + digest, Size: len(content)}
}

func (l *layout) addJSON(mediaType string, value any) descriptor {
	return l.add(mediaType, asJSON(value))
}

func asJSON(value any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.Encode(value) // of strings, numbers and maps alone
	return out.Bytes()
}

// writeImages writes an image for every Linux program, as a tarball that podman, docker and skopeo load.
func (r *release) writeImages() error {
	for _, program := range r.programs {
		if program.system != "linux" {
			continue
		}
		content, err := r.image(program)
		if err != nil {
			return err
		}
		if err := r.write(name+"-"+r.version+"-image-"+program.arch+".tar", content); err != nil {
			return err
		}
	}
	return nil
}

func (r *release) image(p program) ([]byte, error) {
	// The root certificates are those that the program carries: an empty store would be reported as this host's fault.
	root, err := r.tar([]file{
		{"usr/bin/" + name, 0o755, p.content, false},
		{"etc/ssl/certs/ca-certificates.crt", 0o644, publicRoots(), false},
		{"etc/passwd", 0o644, []byte("root:x:0:0:root:/:/none\ndoctor:x:65532:65532:opensrs-doctor:/:/none\n"), false},
		{"etc/group", 0o644, []byte("root:x:0:\ndoctor:x:65532:\n"), false},
		{"tmp/", 0o1777, nil, false}, // the sandbox's certificate and key
	})
	if err != nil {
		return nil, err
	}
	inside := &layout{}
	layer := inside.add(typeLayer, zipped(root, time.Time{}))
	uncompressed := sha256.Sum256(root)
	labels := map[string]string{
		"org.opencontainers.image.title": name, "org.opencontainers.image.description": summary,
		"org.opencontainers.image.version": r.version, "org.opencontainers.image.created": r.time.Format(time.RFC3339),
	}
	config := inside.addJSON(typeConfig, map[string]any{
		"created": r.time.Format(time.RFC3339), "architecture": p.arch, "os": p.system,
		"config": map[string]any{"User": "65532:65532", "Entrypoint": []string{"/usr/bin/" + name}, "Cmd": []string{"help"},
			"WorkingDir": "/", "Labels": labels},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(uncompressed[:])}},
		"history": []map[string]any{{"created": r.time.Format(time.RFC3339), "created_by": "make dist"}},
	})
	manifest := inside.addJSON(typeManifest, map[string]any{"schemaVersion": 2, "mediaType": typeManifest, "config": config,
		"layers": []descriptor{layer}, "annotations": labels})
	tag := strings.ReplaceAll(r.version, "+", "-") // a tag has no plus sign
	manifest.Platform = &platform{p.arch, p.system}
	manifest.Annotations = map[string]string{"org.opencontainers.image.ref.name": tag,
		"io.containerd.image.name": "localhost/" + name + ":" + tag}
	blob := func(d descriptor) string { return "blobs/sha256/" + strings.TrimPrefix(d.Digest, "sha256:") }
	inside.files = append(inside.files,
		file{"oci-layout", 0o644, asJSON(map[string]string{"imageLayoutVersion": "1.0.0"}), false},
		file{"index.json", 0o644, asJSON(map[string]any{"schemaVersion": 2, "manifests": []descriptor{manifest}}), false},
		// What docker load reads.
		file{"manifest.json", 0o644, asJSON([]map[string]any{{"Config": blob(config), "RepoTags": []string{"localhost/" + name + ":" + tag},
			"Layers": []string{blob(layer)}}}), false})
	return r.tar(inside.files)
}

// publicRoots are the root certificates that the program carries, as PEM.
func publicRoots() []byte {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // a buffer takes all
	}
	return out.Bytes()
}
