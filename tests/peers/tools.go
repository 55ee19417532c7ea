//go:build tools

// Keeps the relay peer in go.mod: `go build tailscale.com/cmd/derper` makes the binary that `make bench` measures.
package peers

import _ "tailscale.com/cmd/derper"
