// Two wireguard-go devices with their user-space network stack, joined over loopback UDP: the peer that `make bench`
// measures our engine against. Prints one JSON line per mode.
//
//	wgnetstack throughput <megabytes>   one TCP stream from one stack to the other
//	wgnetstack latency <rounds>         round trips of one byte over TCP
package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/netip"
	"os"
	"sort"
	"strconv"
	"time"

	"golang.org/x/crypto/curve25519"
	"golang.zx2c4.com/wireguard/conn"
	"golang.zx2c4.com/wireguard/device"
	"golang.zx2c4.com/wireguard/tun/netstack"
)

const mtu = 1280

type end struct {
	private, public [32]byte
	address         netip.Addr
	port            int
	device          *device.Device
	net             *netstack.Net
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func newEnd(address string, port int) *end {
	e := &end{address: netip.MustParseAddr(address), port: port}
	_, err := rand.Read(e.private[:])
	check(err)
	public, err := curve25519.X25519(e.private[:], curve25519.Basepoint)
	check(err)
	copy(e.public[:], public)
	tun, stack, err := netstack.CreateNetTUN([]netip.Addr{e.address}, nil, mtu)
	check(err)
	e.net = stack
	e.device = device.NewDevice(tun, conn.NewDefaultBind(), device.NewLogger(device.LogLevelError, ""))
	return e
}

func (e *end) join(other *end) {
	check(e.device.IpcSet(fmt.Sprintf("private_key=%s\nlisten_port=%d\npublic_key=%s\nallowed_ip=%s/128\nendpoint=127.0.0.1:%d\n",
		hex.EncodeToString(e.private[:]), e.port, hex.EncodeToString(other.public[:]), other.address, other.port)))
	check(e.device.Up())
}

func freePort() int {
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	check(err)
	defer socket.Close()
	return socket.LocalAddr().(*net.UDPAddr).Port
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: wgnetstack throughput|latency <number>")
	}
	number, err := strconv.Atoi(os.Args[2])
	check(err)
	a, b := newEnd("fd60:627a:a42b::a", freePort()), newEnd("fd60:627a:a42b::b", freePort())
	a.join(b)
	b.join(a)
	listener, err := b.net.ListenTCP(&net.TCPAddr{Port: 5001})
	check(err)
	accepted := make(chan net.Conn)
	go func() {
		stream, err := listener.Accept()
		check(err)
		accepted <- stream
	}()
	client, err := a.net.DialTCPAddrPort(netip.AddrPortFrom(b.address, 5001))
	check(err)
	server := <-accepted
	switch os.Args[1] {
	case "throughput":
		throughput(client, server, int64(number)<<20)
	case "latency":
		latency(client, server, number)
	}
}

func throughput(client, server net.Conn, bytes int64) {
	start := time.Now()
	go func() {
		block := make([]byte, 64<<10)
		for sent := int64(0); sent < bytes; sent += int64(len(block)) {
			_, err := client.Write(block)
			check(err)
		}
		check(client.Close())
	}()
	received, err := io.Copy(io.Discard, server)
	check(err)
	if received < bytes {
		log.Fatalf("received %d of %d bytes", received, bytes)
	}
	print(map[string]float64{"megabits_per_second": float64(received) * 8 / 1e6 / time.Since(start).Seconds()})
}

func latency(client, server net.Conn, rounds int) {
	go func() {
		_, _ = io.Copy(server, server)
	}()
	times := make([]float64, 0, rounds)
	one := []byte{1}
	for range rounds {
		start := time.Now()
		_, err := client.Write(one)
		check(err)
		_, err = io.ReadFull(client, one)
		check(err)
		times = append(times, float64(time.Since(start).Microseconds())/1000)
	}
	sort.Float64s(times)
	print(map[string]float64{"p50_ms": times[rounds/2], "p99_ms": times[rounds*99/100]})
}

func print(values map[string]float64) {
	check(json.NewEncoder(os.Stdout).Encode(values))
}
