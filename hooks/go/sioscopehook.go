// Package sioscopehook writes the hook log of a Socket.IO client in Go, for sioscope.
//
// It wraps a WebSocket of the shape of github.com/coder/websocket (nhooyr.io/websocket) and imports nothing but the
// standard library; copy the file. Go 1.18 or later.
//
//	hook := sioscopehook.New("run.jsonl")              // a file, appended to
//	hook := sioscopehook.New("unix:/tmp/hooks.sock")   // sioscope record hook --listen unix:/tmp/hooks.sock
//	hook := sioscopehook.New("127.0.0.1:9100", sioscopehook.Token("..."))
//	defer hook.Close()
//
//	raw, _, err := websocket.Dial(ctx, url, nil)
//	conn := sioscopehook.Wrap[websocket.MessageType, websocket.StatusCode](raw, hook, url, websocket.CloseStatus)
//	// conn has Read, Write and Close, as raw has.
//
// Each message is one JSON object a line; `sioscope import run.jsonl -o run.db` reads them. The client is never slowed
// down or broken: lines wait in a queue of 16 MiB that a goroutine writes. Where the file or the socket cannot take them
// they are dropped, and Dropped counts them. Times are those of the call; pings of the WebSocket and sizes before
// inflate are not seen.
//
// Copyright: the authors of sioscope, Apache-2.0.
package sioscopehook

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const queueBytes = 16 << 20

// Conn is what is asked of a WebSocket: M is its type of messages (1 text, 2 binary), S its type of close codes.
type Conn[M, S ~int] interface {
	Read(ctx context.Context) (M, []byte, error)
	Write(ctx context.Context, kind M, data []byte) error
	Close(code S, reason string) error
}

// Logged passes everything on to the connection that it wraps, and logs it.
type Logged[M, S ~int] struct {
	Conn[M, S]
	hook   *Hook
	name   string
	status func(error) S
	closed atomicFlag
}

// Wrap logs a connection from now on, beginning with how it was opened. The function status gives the code of the close
// frame that an error of Read stands for, or -1 where it stands for none, as websocket.CloseStatus does.
func Wrap[M, S ~int](conn Conn[M, S], hook *Hook, url string, status func(error) S) *Logged[M, S] {
	name := fmt.Sprintf("go%d-%d", os.Getpid(), atomic.AddInt64(&names, 1))
	hook.write(line{Session: name, Kind: "open", URL: url, Client: "go"})
	return &Logged[M, S]{Conn: conn, hook: hook, name: name, status: status}
}

// Read reads a message.
func (logged *Logged[M, S]) Read(ctx context.Context) (M, []byte, error) {
	kind, data, err := logged.Conn.Read(ctx)
	if err == nil {
		logged.message("server", int(kind), data)
		return kind, data, nil
	}
	if code := int(logged.status(err)); code >= 0 {
		logged.close("server", code, "")
	} else {
		logged.close("", 1006, "")
	}
	return kind, data, err
}

// Write writes a message.
func (logged *Logged[M, S]) Write(ctx context.Context, kind M, data []byte) error {
	logged.message("client", int(kind), data)
	return logged.Conn.Write(ctx, kind, data)
}

// Close closes with a close frame.
func (logged *Logged[M, S]) Close(code S, reason string) error {
	logged.close("client", int(code), reason)
	return logged.Conn.Close(code, reason)
}

func (logged *Logged[M, S]) message(sender string, kind int, data []byte) {
	entry := line{Session: logged.name, Kind: "message", Sender: sender}
	if kind == 2 {
		text := base64.StdEncoding.EncodeToString(data)
		entry.Base64 = &text
	} else {
		text := string(data)
		entry.Text = &text
	}
	logged.hook.write(entry)
}

// The answer to a close frame is no news.
func (logged *Logged[M, S]) close(by string, code int, reason string) {
	if logged.closed.set() {
		logged.hook.write(line{Session: logged.name, Kind: "close", By: by, Code: code, Reason: reason})
	}
}

var names int64

type atomicFlag struct{ value int32 }

func (flag *atomicFlag) set() bool { return atomic.CompareAndSwapInt32(&flag.value, 0, 1) }

type line struct {
	Version   int     `json:"v"`
	At        int64   `json:"at_ns"`
	Session   string  `json:"session"`
	Kind      string  `json:"kind"`
	Transport string  `json:"transport"`
	URL       string  `json:"url,omitempty"`
	Client    string  `json:"client,omitempty"`
	Sender    string  `json:"sender,omitempty"`
	Text      *string `json:"text,omitempty"`
	Base64    *string `json:"base64,omitempty"`
	By        string  `json:"by,omitempty"`
	Code      int     `json:"code,omitempty"`
	Reason    string  `json:"reason,omitempty"`
}

// Hook writes lines to a sink without ever making the caller wait. Any number of connections may share one.
type Hook struct {
	sink    string
	token   string
	dropped int64

	mutex   sync.Mutex
	changed *sync.Cond
	lines   [][]byte
	waiting int
	closed  bool
	ended   chan struct{}

	// Of the goroutine that writes.
	output io.WriteCloser
	retry  time.Time
}

// Option is a setting of New.
type Option func(*Hook)

// Token is what `record hook --token` asks for.
func Token(token string) Option { return func(hook *Hook) { hook.token = token } }

// New writes to a file, which is appended to, to unix:PATH or to HOST:PORT. It opens them with the first line.
func New(sink string, options ...Option) *Hook {
	hook := &Hook{sink: sink, ended: make(chan struct{})}
	hook.changed = sync.NewCond(&hook.mutex)
	for _, option := range options {
		option(hook)
	}
	go hook.run()
	return hook
}

// Dropped is how many lines could not be written.
func (hook *Hook) Dropped() int64 { return atomic.LoadInt64(&hook.dropped) }

// Close writes what waits, for a second at most.
func (hook *Hook) Close() {
	hook.mutex.Lock()
	hook.closed = true
	hook.changed.Signal()
	hook.mutex.Unlock()
	select {
	case <-hook.ended:
	case <-time.After(time.Second):
	}
}

func (hook *Hook) write(entry line) {
	entry.Version, entry.At, entry.Transport = 1, time.Now().UnixNano(), "websocket"
	data, err := json.Marshal(entry)
	hook.mutex.Lock()
	defer hook.mutex.Unlock()
	if err != nil || hook.closed || hook.waiting+len(data) > queueBytes {
		atomic.AddInt64(&hook.dropped, 1)
		return
	}
	hook.lines = append(hook.lines, append(data, '\n'))
	hook.waiting += len(data) + 1
	hook.changed.Signal()
}

func (hook *Hook) run() {
	defer close(hook.ended)
	for {
		hook.mutex.Lock()
		for len(hook.lines) == 0 && !hook.closed {
			hook.changed.Wait()
		}
		lines := hook.lines
		hook.lines = nil
		isLast := hook.closed && len(lines) == 0
		hook.mutex.Unlock()
		if isLast {
			if hook.output != nil {
				hook.output.Close()
			}
			return
		}
		for _, data := range lines {
			if err := hook.put(data); err != nil {
				atomic.AddInt64(&hook.dropped, 1)
			}
			hook.mutex.Lock()
			hook.waiting -= len(data)
			hook.mutex.Unlock()
		}
	}
}

func (hook *Hook) put(data []byte) error {
	if hook.output == nil {
		if time.Now().Before(hook.retry) {
			return io.ErrClosedPipe
		}
		output, err := hook.open()
		if err != nil {
			hook.retry = time.Now().Add(time.Second)
			return err
		}
		hook.output = output
	}
	if connection, isSocket := hook.output.(net.Conn); isSocket {
		connection.SetWriteDeadline(time.Now().Add(5 * time.Second))
	}
	_, err := hook.output.Write(data)
	if err != nil {
		hook.output.Close()
		hook.output = nil
		hook.retry = time.Now().Add(time.Second)
	}
	return err
}

func (hook *Hook) open() (io.WriteCloser, error) {
	network, address := "tcp", hook.sink
	if strings.HasPrefix(hook.sink, "unix:") {
		network, address = "unix", strings.TrimPrefix(hook.sink, "unix:")
	} else if _, port, err := net.SplitHostPort(hook.sink); err != nil || !isNumber(port) {
		return os.OpenFile(hook.sink, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	}
	connection, err := net.DialTimeout(network, address, 5*time.Second)
	if err != nil || hook.token == "" {
		return connection, err
	}
	greeting, _ := json.Marshal(map[string]string{"token": hook.token})
	connection.SetWriteDeadline(time.Now().Add(5 * time.Second))
	_, err = connection.Write(append(greeting, '\n'))
	return connection, err
}

func isNumber(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil
}
