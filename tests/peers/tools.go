//go:build tools

// Keeps the peers that `make bench` builds from modules in go.mod: a relay, and a tunnel with a device.
package peers

import (
	_ "golang.zx2c4.com/wireguard"
	_ "tailscale.com/cmd/derper"
)
