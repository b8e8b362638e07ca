// A Socket.IO client over nhooyr.io/websocket, of the least that the hook for Go is tried with: joins the root, sends a
// text, bytes and a question, answers pings, and leaves.
//
// usage: go_client URL HOOK-LOG
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"nhooyr.io/websocket"
	"sioscopehook"
)

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(url, log string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	hook := sioscopehook.New(log)
	defer hook.Close()
	url = strings.Replace(url, "http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
	raw, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return err
	}
	conn := sioscopehook.Wrap[websocket.MessageType, websocket.StatusCode](raw, hook, url, websocket.CloseStatus)
	for {
		kind, data, err := conn.Read(ctx)
		if websocket.CloseStatus(err) == websocket.StatusNormalClosure {
			return nil
		}
		if err != nil {
			return err
		}
		text := string(data)
		var answers []string
		switch {
		case kind == websocket.MessageBinary:
		case text[0] == '0':
			answers = []string{`40{"token":"t"}`}
		case text == "2":
			answers = []string{"3"}
		case strings.HasPrefix(text, "40"):
			// The bytes that belong to the second go behind it.
			answers = []string{`42["message",{"text":"hello"}]`, `451-["message",{"_placeholder":true,"num":0}]`}
		case strings.HasPrefix(text, `430`):
			// Pings go on for a while.
			time.AfterFunc(1200*time.Millisecond, func() {
				conn.Write(ctx, websocket.MessageText, []byte("41"))
				conn.Close(websocket.StatusNormalClosure, "")
			})
		}
		for _, answer := range answers {
			if err := conn.Write(ctx, websocket.MessageText, []byte(answer)); err != nil {
				return err
			}
			if !strings.HasPrefix(answer, "451-") {
				continue
			}
			if err := conn.Write(ctx, websocket.MessageBinary, []byte{1, 2, 3}); err != nil {
				return err
			}
			if err := conn.Write(ctx, websocket.MessageText, []byte(`420["ask",1]`)); err != nil {
				return err
			}
		}
	}
}
