// A yamux session of the original library, the peer of our interop tests.
//
//	yamuxpeer client|server <address to dial>
//
// Every stream that we open begins with a byte that says what to do with it:
//
//	x  read all; meanwhile write 8 bytes of size (they follow the x) and then the SHA-256 of what was written and of
//	   what was read
//	e  echo until the end, then finish
//	h  hold: read nothing until the session has seen an r, then go on like x
//	r  release the held streams
//	c  write 64 KiB blocks to a new stream of its own, as far as it goes
//	n  say how many bytes c has written, as 8 bytes
//	p  ping, and say ok
//	g  say GoAway, say ok, then echo
//	o  open a stream, write "opened", finish, read it to the end, and say here what was read
//
// Ends with the session; its log goes to stderr.
package main

import (
	"crypto/sha256"
	"encoding/binary"
	"io"
	"log"
	"net"
	"os"
	"sync/atomic"

	"github.com/hashicorp/yamux"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func block(number uint64) []byte {
	data := make([]byte, 65536)
	for at := 0; at < len(data); at += 8 {
		binary.LittleEndian.PutUint64(data[at:], number)
	}
	return data
}

var (
	released = make(chan struct{})
	poured   atomic.Uint64
)

func exchange(stream *yamux.Stream) {
	var size [8]byte
	_, err := io.ReadFull(stream, size[:])
	check(err)
	read := make(chan []byte)
	go func() {
		sum := sha256.New()
		_, err := io.Copy(sum, stream)
		check(err)
		read <- sum.Sum(nil)
	}()
	written := sha256.New()
	for number, left := uint64(0), binary.BigEndian.Uint64(size[:]); left > 0; number++ {
		data := block(number)
		data = data[:min(uint64(len(data)), left)]
		_, err := stream.Write(data)
		check(err)
		written.Write(data)
		left -= uint64(len(data))
	}
	_, err = stream.Write(append(written.Sum(nil), <-read...))
	check(err)
}

func say(stream *yamux.Stream, text string) {
	_, err := stream.Write([]byte(text))
	check(err)
}

func echo(stream *yamux.Stream) {
	_, err := io.Copy(stream, stream)
	check(err)
}

func serve(session *yamux.Session, stream *yamux.Stream) {
	var what [1]byte
	_, err := io.ReadFull(stream, what[:])
	check(err)
	switch what[0] {
	case 'x':
		exchange(stream)
	case 'e':
		echo(stream)
	case 'h':
		<-released
		exchange(stream)
	case 'r':
		close(released)
	case 'c':
		mine, err := session.OpenStream()
		check(err)
		for number := uint64(0); number < 32; number++ {
			for data := block(number); len(data) > 0; {
				// Small writes, so that the count says how far the window goes.
				written, err := mine.Write(data[:4096])
				check(err)
				poured.Add(uint64(written))
				data = data[written:]
			}
		}
		check(mine.Close())
	case 'n':
		say(stream, string(binary.BigEndian.AppendUint64(nil, poured.Load())))
	case 'p':
		_, err := session.Ping()
		check(err)
		say(stream, "ok")
	case 'g':
		check(session.GoAway())
		say(stream, "ok")
		echo(stream)
	case 'o':
		mine, err := session.OpenStream()
		check(err)
		say(mine, "opened")
		check(mine.Close())
		read, err := io.ReadAll(mine)
		check(err)
		say(stream, string(read))
	default:
		log.Fatalf("what is %q", what)
	}
	check(stream.Close())
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: yamuxpeer client|server <address>")
	}
	conn, err := net.Dial("tcp", os.Args[2])
	check(err)
	start := yamux.Client
	if os.Args[1] == "server" {
		start = yamux.Server
	}
	session, err := start(conn, nil)
	check(err)
	for {
		stream, err := session.AcceptStream()
		if err != nil {
			return
		}
		go serve(session, stream)
	}
}
