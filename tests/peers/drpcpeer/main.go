// Calls of the original DRPC library over yamux streams, the peer of our interop tests.
//
//	drpcpeer client|server <address to dial>
//
// As server it has the calls of `service` below until the session ends. As client it makes one call of each kind, the
// same calls on the other side, and prints a line for each.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"time"

	"github.com/hashicorp/yamux"
	"storj.io/drpc"
	"storj.io/drpc/drpcconn"
	"storj.io/drpc/drpcerr"
	"storj.io/drpc/drpcmanager"
	"storj.io/drpc/drpcmetadata"
	"storj.io/drpc/drpcmux"
	"storj.io/drpc/drpcserver"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// blob is a protobuf message with one field of bytes, number 1.
type blob struct{ data []byte }

type encoding struct{}

func (encoding) Marshal(message drpc.Message) ([]byte, error) {
	data := message.(*blob).data
	if len(data) == 0 {
		return nil, nil
	}
	return append(binary.AppendUvarint([]byte{0x0a}, uint64(len(data))), data...), nil
}

func (encoding) Unmarshal(wire []byte, message drpc.Message) error {
	into := message.(*blob)
	into.data = nil
	if len(wire) == 0 {
		return nil
	}
	length, size := binary.Uvarint(wire[1:])
	if wire[0] != 0x0a || size <= 0 || uint64(len(wire)) != 1+uint64(size)+length {
		return fmt.Errorf("%d bytes are no blob", len(wire))
	}
	into.data = bytes.Clone(wire[1+size:])
	return nil
}

// service is both what is served and its description.
type service struct{ dropped chan string }

type method struct {
	name string
	run  drpc.Receiver
	like any
}

func unary(service, context.Context, *blob) (*blob, error) { return nil, nil }
func outgoing(service, *blob, drpc.Stream) error           { return nil }
func both(service, drpc.Stream) error                      { return nil }

func (s service) methods() []method {
	return []method{
		{"/echo", func(_ any, _ context.Context, in, _ any) (drpc.Message, error) { return in.(*blob), nil }, unary},
		{"/fail", func(any, context.Context, any, any) (drpc.Message, error) {
			return nil, drpcerr.WithCode(errors.New("as asked"), 7)
		}, unary},
		{"/dropped", func(any, context.Context, any, any) (drpc.Message, error) {
			return &blob{[]byte(<-s.dropped)}, nil
		}, unary},
		{"/pour", func(_ any, _ context.Context, in, stream any) (drpc.Message, error) {
			for index := range in.(*blob).data {
				message := &blob{bytes.Repeat([]byte{byte(index)}, 1<<20)}
				if err := stream.(drpc.Stream).MsgSend(message, encoding{}); err != nil {
					return nil, err
				}
			}
			return nil, nil
		}, outgoing},
		{"/fail later", func(_ any, _ context.Context, _, stream any) (drpc.Message, error) {
			check(stream.(drpc.Stream).MsgSend(&blob{[]byte("one")}, encoding{}))
			return nil, drpcerr.WithCode(errors.New("after one"), 9)
		}, outgoing},
		{"/wait", func(_ any, ctx context.Context, _, stream any) (drpc.Message, error) {
			// Fails when the caller cancels as soon as it reads this.
			_ = stream.(drpc.Stream).MsgSend(&blob{[]byte("started")}, encoding{})
			<-ctx.Done()
			s.dropped <- "wait"
			return nil, ctx.Err()
		}, outgoing},
		{"/each", func(_ any, _ context.Context, in, _ any) (drpc.Message, error) {
			stream, message := in.(drpc.Stream), new(blob)
			for {
				err := stream.MsgRecv(message, encoding{})
				if errors.Is(err, io.EOF) {
					return nil, nil
				}
				if err == nil {
					err = stream.MsgSend(message, encoding{})
				}
				if err != nil {
					return nil, err
				}
			}
		}, both},
	}
}

func (s service) NumMethods() int { return len(s.methods()) }

func (s service) Method(n int) (string, drpc.Encoding, drpc.Receiver, any, bool) {
	method := s.methods()[n]
	return method.name, encoding{}, method.run, method.like, true
}

func serve(conn net.Conn) {
	config := yamux.DefaultConfig()
	// Our client says goodbye as soon as it has its answers; what is still being written then is logged as an error.
	config.LogOutput = io.Discard
	session, err := yamux.Server(conn, config)
	check(err)
	mux, service := drpcmux.New(), service{make(chan string, 8)}
	check(mux.Register(service, service))
	for {
		stream, err := session.Accept()
		if err != nil {
			return
		}
		go drpcserver.New(mux).ServeOne(context.Background(), stream)
	}
}

// dial opens a transport for calls.
func dial(session *yamux.Session, softCancel bool) *drpcconn.Conn {
	stream, err := session.Open()
	check(err)
	return drpcconn.NewWithOptions(stream, drpcconn.Options{Manager: drpcmanager.Options{SoftCancel: softCancel}})
}

func answer(conn *drpcconn.Conn, ctx context.Context, name string, data []byte) {
	out := new(blob)
	err := conn.Invoke(ctx, name, encoding{}, &blob{data}, out)
	switch {
	case err != nil:
		fmt.Printf("%s: code %d: %v\n", name, drpcerr.Code(err), err)
	case len(out.data) < 100:
		fmt.Printf("%s: %s\n", name, out.data)
	default:
		fmt.Printf("%s: %d bytes, same: %t\n", name, len(out.data), bytes.Equal(out.data, data))
	}
}

func open(conn *drpcconn.Conn, ctx context.Context, name string, data []byte) drpc.Stream {
	stream, err := conn.NewStream(ctx, name, encoding{})
	check(err)
	check(stream.MsgSend(&blob{data}, encoding{}))
	return stream
}

func receive(stream drpc.Stream) []byte {
	message := new(blob)
	check(stream.MsgRecv(message, encoding{}))
	return message.data
}

func call(conn net.Conn) {
	session, err := yamux.Client(conn, nil)
	check(err)
	ctx := context.Background()
	// One transport for each call, as Coder's clients do.
	for _, name := range []string{"/echo", "/fail", "/nothing", "/other"} {
		conn := dial(session, false)
		answer(conn, ctx, name, []byte("hello"))
		check(conn.Close())
	}
	// One for several, with metadata before a call.
	several := dial(session, true)
	answer(several, ctx, "/echo", nil)
	answer(several, drpcmetadata.Add(ctx, "key", "value"), "/echo", bytes.Repeat([]byte{7}, 3<<20))
	answer(several, ctx, "/fail", nil)

	stream := open(several, ctx, "/pour", make([]byte, 20))
	check(stream.CloseSend())
	for index := range 20 {
		if !bytes.Equal(receive(stream), bytes.Repeat([]byte{byte(index)}, 1<<20)) {
			log.Fatalf("message %d is wrong", index)
		}
	}
	fmt.Println("/pour:", stream.MsgRecv(new(blob), encoding{}))

	stream = open(several, ctx, "/fail later", nil)
	first, err := string(receive(stream)), stream.MsgRecv(new(blob), encoding{})
	fmt.Printf("/fail later: %s, then code %d: %v\n", first, drpcerr.Code(err), err)

	stream = open(several, ctx, "/each", []byte{0})
	for round := range 100 {
		if !bytes.Equal(receive(stream), bytes.Repeat([]byte{byte(round)}, 1+round*1000)) {
			log.Fatalf("round %d is wrong", round)
		}
		check(stream.MsgSend(&blob{bytes.Repeat([]byte{byte(round + 1)}, 1+(round+1)*1000)}, encoding{}))
	}
	receive(stream)
	check(stream.CloseSend())
	fmt.Println("/each:", stream.MsgRecv(new(blob), encoding{}))

	// Every way to leave a call.
	cancelled, cancel := context.WithCancel(ctx)
	stream = open(several, cancelled, "/wait", nil)
	fmt.Printf("/wait: %s\n", receive(stream))
	cancel()
	<-stream.Context().Done()
	answer(several, ctx, "/dropped", nil)

	stream = open(several, ctx, "/wait", nil)
	fmt.Printf("/wait: %s\n", receive(stream))
	check(stream.Close())
	answer(several, ctx, "/dropped", nil)

	cancelled, cancel = context.WithCancel(ctx)
	stream = open(dial(session, false), cancelled, "/wait", nil)
	fmt.Printf("/wait: %s\n", receive(stream))
	cancel()
	<-stream.Context().Done()
	answer(several, ctx, "/dropped", nil)
	check(several.Close())

	for session.NumStreams() > 0 {
		time.Sleep(time.Millisecond)
	}
	check(session.Close())
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: drpcpeer client|server <address>")
	}
	conn, err := net.Dial("tcp", os.Args[2])
	check(err)
	if os.Args[1] == "server" {
		serve(conn)
	} else {
		call(conn)
	}
}
