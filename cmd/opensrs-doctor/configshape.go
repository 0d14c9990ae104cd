package main

import (
	"bytes"

	"github.com/goccy/go-yaml/token"
)

// Bounds of a config file's shape, far beyond what its keys need. The parser's time and memory grow with the square of
// the depth and of the keys: it sees nothing that goes beyond them.
const (
	maxConfigDepth = 8
	maxConfigKeys  = 200
	maxConfigLine  = 8 << 10 // bytes
)

// checkShape looks at a config file's tokens, which are made in time and memory that go with its size.
func checkShape(tokens token.Tokens, document []byte, path string) error {
	var block []int // where each collection that is open begins: a list in the column of its key is inside it
	flow, keys := 0, 0
	open := func(at *token.Token, list int) {
		if flow > 0 {
			return
		}
		rank := 2*at.Position.Column + list
		for len(block) > 0 && block[len(block)-1] >= rank {
			block = block[:len(block)-1]
		}
		block = append(block, rank)
	}
	for _, at := range tokens {
		switch at.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow = max(flow-1, 0)
		case token.DocumentHeaderType, token.DocumentEndType:
			block, flow = nil, 0
		case token.SequenceEntryType:
			open(at, 1)
		case token.MappingKeyType:
			open(at, 0)
		case token.MappingValueType:
			keys++
			if at.Prev != nil && at.Prev.Position.Line == at.Position.Line {
				open(at.Prev, 0)
			} else {
				open(at, 0)
			}
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			return usagef("%s:%d: anchors and aliases are not supported", path, at.Position.Line).
				withHint("write the value out where it is used")
		}
		switch {
		case len(block)+flow > maxConfigDepth:
			return usagef("%s:%d: lists and mappings nest more than %d deep", path, at.Position.Line, maxConfigDepth)
		case keys > maxConfigKeys:
			return usagef("%s:%d: more than %d keys", path, at.Position.Line, maxConfigKeys)
		}
	}
	number := 1
	for line := range bytes.Lines(document) {
		if len(line) > maxConfigLine {
			return usagef("%s:%d: the line is longer than %d KiB", path, number, maxConfigLine>>10)
		}
		number++
	}
	return nil
}
