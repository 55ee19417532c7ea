// A wireguard-go device with its user-space network stack: the peer of our engine's interop test. It knows no endpoint of
// ours: it answers where the last authentic packet came from. In its stack it
//
//	port 7 (UDP)  echoes
//	port 8 (TCP)  takes a stream to its end and answers with its SHA-256
//	port 9 (TCP)  reads a number of 8 bytes, sends so many random ones and then their SHA-256
//
//	wgecho <our public key in hex> <our address> <its address>
//
// Prints a JSON line with its public key and UDP port; a line "rebind" on stdin makes it move to another port, which it
// prints again; the end of stdin ends it.
package main

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	mathrand "math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strings"

	"golang.org/x/crypto/curve25519"
	"golang.zx2c4.com/wireguard/conn"
	"golang.zx2c4.com/wireguard/device"
	"golang.zx2c4.com/wireguard/tun/netstack"
)

const mtu = 1280

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func listenPort(dev *device.Device) string {
	state, err := dev.IpcGet()
	check(err)
	for line := range strings.Lines(state) {
		if port, found := strings.CutPrefix(strings.TrimSpace(line), "listen_port="); found {
			return port
		}
	}
	log.Fatal("the device has no port")
	return ""
}

func listen(stack *netstack.Net, port int, serve func(net.Conn) error) {
	listener, err := stack.ListenTCP(&net.TCPAddr{Port: port})
	check(err)
	go func() {
		for {
			stream, err := listener.Accept()
			check(err)
			go func() {
				check(serve(stream))
				check(stream.Close())
			}()
		}
	}()
}

func take(stream net.Conn) error {
	sum := sha256.New()
	if _, err := io.Copy(sum, stream); err != nil {
		return err
	}
	_, err := stream.Write(sum.Sum(nil))
	return err
}

func give(stream net.Conn) error {
	var length uint64
	if err := binary.Read(stream, binary.BigEndian, &length); err != nil {
		return err
	}
	sum := sha256.New()
	source := mathrand.NewChaCha8([32]byte{1})
	if _, err := io.CopyN(io.MultiWriter(stream, sum), source, int64(length)); err != nil {
		return err
	}
	_, err := stream.Write(sum.Sum(nil))
	return err
}

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: wgecho <public key> <address> <own address>")
	}
	var private [32]byte
	_, err := rand.Read(private[:])
	check(err)
	public, err := curve25519.X25519(private[:], curve25519.Basepoint)
	check(err)
	address, err := netip.ParseAddr(os.Args[3])
	check(err)
	tun, stack, err := netstack.CreateNetTUN([]netip.Addr{address}, nil, mtu)
	check(err)
	dev := device.NewDevice(tun, conn.NewDefaultBind(), device.NewLogger(device.LogLevelError, ""))
	check(dev.IpcSet(fmt.Sprintf("private_key=%s\nlisten_port=0\npublic_key=%s\nallowed_ip=%s/128\n",
		hex.EncodeToString(private[:]), os.Args[1], os.Args[2])))
	check(dev.Up())
	socket, err := stack.ListenUDP(&net.UDPAddr{Port: 7})
	check(err)
	go func() {
		buffer := make([]byte, 2048)
		for {
			length, from, err := socket.ReadFrom(buffer)
			check(err)
			_, err = socket.WriteTo(buffer[:length], from)
			check(err)
		}
	}()
	listen(stack, 8, take)
	listen(stack, 9, give)
	say := func() {
		check(json.NewEncoder(os.Stdout).Encode(map[string]string{
			"public_key": hex.EncodeToString(public), "port": listenPort(dev)}))
	}
	say()
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		if input.Text() == "rebind" {
			check(dev.IpcSet("listen_port=0\n"))
			// Switched on, the keep-alive is sent at once: who moves says a word.
			for _, seconds := range []int{25, 0} {
				check(dev.IpcSet(fmt.Sprintf("public_key=%s\nupdate_only=true\npersistent_keepalive_interval=%d\n",
					os.Args[1], seconds)))
			}
			say()
		}
	}
}
