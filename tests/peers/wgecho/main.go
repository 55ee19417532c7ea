// A wireguard-go device with its user-space network stack that echoes UDP on port 7: the peer of our engine's interop
// test. It knows no endpoint of ours: it answers where the last authentic packet came from.
//
//	wgecho <our public key in hex> <our address> <its address>
//
// Prints a JSON line with its public key and UDP port; a line "rebind" on stdin makes it move to another port, which it
// prints again; the end of stdin ends it.
package main

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
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
	say := func() {
		check(json.NewEncoder(os.Stdout).Encode(map[string]string{
			"public_key": hex.EncodeToString(public), "port": listenPort(dev)}))
	}
	say()
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		if input.Text() == "rebind" {
			check(dev.IpcSet("listen_port=0\n"))
			say()
		}
	}
}
