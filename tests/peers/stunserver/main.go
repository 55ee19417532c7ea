// The STUN server of the field: says where it listens in a datagram, and answers until it is killed.
//
//	stunserver <address to listen on> <address to say it to>
package main

import (
	"context"
	"log"
	"net"
	"os"

	"tailscale.com/net/stunserver"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: stunserver <address> <address>")
	}
	server := stunserver.New(context.Background())
	check(server.Listen(os.Args[1]))
	conn, err := net.Dial("udp", os.Args[2])
	check(err)
	_, err = conn.Write([]byte(server.LocalAddr().String()))
	check(err)
	check(server.Serve())
}
