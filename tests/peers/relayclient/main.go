// A relay and STUN client of the field against our server: packets in order from the right key, ping, peer gone, and the
// mapped address. Usage: relayclient http://host:port/derp [host:stunport]; prints "derp ok" and "stun ok".
package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"tailscale.com/derp"
	"tailscale.com/derp/derphttp"
	"tailscale.com/net/netmon"
	"tailscale.com/net/stun"
	"tailscale.com/types/key"
)

func must(err error) {
	if err != nil {
		fmt.Println("FAILED:", err)
		os.Exit(1)
	}
}

func client(url string) (*derphttp.Client, key.NodePublic) {
	k := key.NewNode()
	c, err := derphttp.NewClient(k, url, func(f string, a ...any) {}, netmon.NewStatic())
	must(err)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	must(c.Connect(ctx))
	// Only after the relay greeted back is the client known to be there.
	for {
		m, err := c.Recv()
		must(err)
		if _, ok := m.(derp.ServerInfoMessage); ok {
			break
		}
	}
	return c, k.Public()
}

func recv(c *derphttp.Client) derp.ReceivedMessage {
	for {
		m, err := c.Recv()
		must(err)
		switch m.(type) {
		case derp.ServerInfoMessage:
			continue
		}
		return m
	}
}

func main() {
	url := os.Args[1]
	a, ka := client(url)
	b, kb := client(url)
	for i := 0; i < 1000; i++ {
		want := bytes.Repeat([]byte{byte(i)}, i)
		must(a.Send(kb, want))
		m := recv(b)
		p, ok := m.(derp.ReceivedPacket)
		if !ok || p.Source != ka || !bytes.Equal(p.Data, want) {
			must(fmt.Errorf("packet %d: %T", i, m))
		}
	}
	must(a.Send(kb, bytes.Repeat([]byte{7}, 60000)))
	recv(b)
	a.NotePreferred(true)
	must(a.SendPing([8]byte{1, 2, 3, 4, 5, 6, 7, 8}))
	if p, ok := recv(a).(derp.PongMessage); !ok || p[0] != 1 {
		must(fmt.Errorf("no pong"))
	}
	a.Close()
	if g, ok := recv(b).(derp.PeerGoneMessage); !ok || g.Peer != ka {
		must(fmt.Errorf("no peer gone"))
	}
	fmt.Println("derp ok")
	if len(os.Args) > 2 {
		conn, err := net.Dial("udp", os.Args[2])
		must(err)
		tx := stun.NewTxID()
		_, err = conn.Write(stun.Request(tx))
		must(err)
		conn.SetReadDeadline(time.Now().Add(3 * time.Second))
		buf := make([]byte, 1500)
		n, err := conn.Read(buf)
		must(err)
		id, at, err := stun.ParseResponse(buf[:n])
		must(err)
		if id != tx || at.String() != conn.LocalAddr().String() {
			must(fmt.Errorf("stun: %v %v", at, conn.LocalAddr()))
		}
		fmt.Println("stun ok", at)
	}
}
