package process

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"sync"
)

// mostFrame is the largest message on a pipe, in bytes. A report has some tens of kilobytes.
const mostFrame = 16 << 20

// Pipe is what this process and its inner one say to each other: each asks the other, by a name, and answers.
type Pipe struct {
	stream  io.ReadWriteCloser
	answers map[string]func(question json.RawMessage) (any, error) // what the other may ask

	mu      sync.Mutex
	last    int
	waiting map[int]chan json.RawMessage
	closed  bool
	writing sync.Mutex
	ended   chan struct{}
}

type message struct {
	ID    int             `json:"id"`
	Ask   string          `json:"ask,omitempty"` // "": an answer
	Body  json.RawMessage `json:"body,omitempty"`
	Error bool            `json:"error,omitempty"`
}

var errPipe = errors.New("the pipe to the other process ended")

// NewPipe serves the other side's questions, each by a goroutine of its own, until the stream ends.
func NewPipe(stream io.ReadWriteCloser, answers map[string]func(json.RawMessage) (any, error)) *Pipe {
	p := &Pipe{stream: stream, answers: answers, waiting: map[int]chan json.RawMessage{}, ended: make(chan struct{})}
	go p.read()
	return p
}

// Ended is closed when the stream has.
func (p *Pipe) Ended() <-chan struct{} { return p.ended }

// Ask asks the other side and waits for its answer, which is put into a pointer, or nowhere where that is nil.
func (p *Pipe) Ask(name string, question, into any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	answer := make(chan json.RawMessage, 1)
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return errPipe
	}
	p.last++
	id := p.last
	p.waiting[id] = answer
	p.mu.Unlock()
	if err := p.write(message{ID: id, Ask: name, Body: body}); err != nil {
		return err
	}
	got, is := <-answer
	switch {
	case !is || got == nil:
		return errPipe
	case into == nil:
		return nil
	}
	return json.Unmarshal(got, into)
}

func (p *Pipe) write(m message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(body)), uint32(len(body)))
	p.writing.Lock()
	defer p.writing.Unlock()
	_, err = p.stream.Write(append(frame, body...))
	return err
}

func (p *Pipe) read() {
	defer p.end()
	for {
		var size [4]byte
		if _, err := io.ReadFull(p.stream, size[:]); err != nil {
			return
		}
		length := binary.BigEndian.Uint32(size[:])
		if length > mostFrame {
			return
		}
		body := make([]byte, length)
		if _, err := io.ReadFull(p.stream, body); err != nil {
			return
		}
		var m message
		if json.Unmarshal(body, &m) != nil {
			return
		}
		if m.Ask != "" {
			go p.answer(m)
			continue
		}
		p.mu.Lock()
		waiting := p.waiting[m.ID]
		delete(p.waiting, m.ID)
		p.mu.Unlock()
		if waiting != nil {
			if m.Error {
				m.Body = nil
			}
			waiting <- m.Body
		}
	}
}

func (p *Pipe) answer(m message) {
	reply := message{ID: m.ID, Error: true}
	if answer := p.answers[m.Ask]; answer != nil {
		if value, err := answer(m.Body); err == nil {
			if reply.Body, err = json.Marshal(value); err == nil {
				reply.Error = false
			}
		}
	}
	_ = p.write(reply)
}

func (p *Pipe) end() {
	p.mu.Lock()
	p.closed = true
	for _, waiting := range p.waiting {
		close(waiting)
	}
	p.mu.Unlock()
	close(p.ended)
}
