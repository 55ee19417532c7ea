# Homeport: the commands a person needs. `make help` lists them.
#
# `make run` and `make test` do all the set-up on a fresh Debian or Ubuntu machine except Rust itself, which is a stated
# prerequisite. Everything is built for the host's own target with a static C runtime, because the workspace daemon must
# run in containers that have no libc; one flag set means one compilation.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

RUST_MIN := 1.95
# Debian 12's own Node is new enough for every tool of the pages.
NODE_MIN := 18.18
HOST := $(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p')
HOST_ENV := $(shell echo '$(HOST)' | tr 'a-z-' 'A-Z_')

# Cargo honours CARGO_TARGET_DIR from the environment; the default is ./target.
TARGET_DIR := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
BIN := $(TARGET_DIR)/$(HOST)/debug
RELEASE := $(TARGET_DIR)/$(HOST)/release

export CARGO_BUILD_TARGET := $(HOST)
export CARGO_TARGET_$(HOST_ENV)_RUSTFLAGS := -C target-feature=+crt-static
export HOMEPORT_BIN_DIR := $(BIN)

# What apt must give. `run` needs a C compiler for SQLite and ring; the tests use the real peers.
APT_BUILD := gcc libc6-dev make git ca-certificates
APT_TEST := curl openssh-client openssh-sftp-server rsync iproute2 nftables iputils-ping procps sqlite3 tcpdump dbus systemd polkitd libsystemd-shared libnetfilter-conntrack3 bind9-dnsutils xvfb strace xfce4-panel xfconf xclip xdotool imagemagick x11-utils librsvg2-common adwaita-icon-theme gnome-keyring
# Names differ between releases, and Ubuntu has no Chromium without snap: what apt knows, once its lists are fresh.
APT_DESKTOP := $$(apt-cache search --names-only '^(chromium|freerdp[23]-x11)$$' 2>/dev/null | cut -d' ' -f1)
# What windows are made of, and what drives them in tests.
APT_WINDOW := pkgconf libwebkit2gtk-4.1-dev webkit2gtk-driver
APT_BENCH := iperf3 wireguard-go

.PHONY: help run test lint bench interop rust node apt-build apt-test lab-packages build window window-packages window-apt window-or-word ui ui-test ui-e2e ui-lint ui-or-word

help: ## List the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

rust:
	@command -v cargo >/dev/null || { echo "Homeport needs Rust $(RUST_MIN) or newer, and cargo is not on PATH. Install it (for example with rustup, or your distribution's rustup package), open a new shell and run this again." >&2; exit 1; }
	@have=$$(rustc --version | sed -E 's/rustc ([0-9]+\.[0-9]+).*/\1/'); \
	if [ "$$(printf '%s\n' "$(RUST_MIN)" "$$have" | sort -V | head -1)" != "$(RUST_MIN)" ]; then \
		echo "Homeport needs Rust $(RUST_MIN) or newer; this is $$have. Update it ('rustup update stable') and run this again." >&2; exit 1; fi

# $(call apt,packages): installs what is missing and says so; quiet when there is nothing to do.
define apt
	@missing=""; for package in $(1); do dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; done; \
	if [ -n "$$missing" ]; then \
		command -v apt-get >/dev/null || { echo "These packages are missing and this is not Debian or Ubuntu, please install them:$$missing" >&2; exit 1; }; \
		sudo=""; [ "$$(id -u)" = 0 ] || sudo="sudo"; \
		echo "Installing with apt ($${sudo:-as root}):$$missing"; \
		$$sudo apt-get update -qq || true; \
		DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi
endef

apt-build:
	$(call apt,$(APT_BUILD))

apt-test: apt-build
	$(call apt,$(APT_TEST))
	$(call apt,$(APT_DESKTOP))

node: apt-build
	@new() { [ "$$(printf '%s\n' "$(NODE_MIN)" "$${1:-0}" | sort -V | head -1)" = "$(NODE_MIN)" ]; }; \
	have() { command -v npm >/dev/null && node --version 2>/dev/null | tr -d v || true; }; \
	if ! new "$$(have)" && command -v apt-get >/dev/null; then \
		sudo=""; [ "$$(id -u)" = 0 ] || sudo="sudo"; $$sudo apt-get update -qq || true; \
		if new "$$(apt-cache policy nodejs | sed -n 's/^ *Candidate: //p')"; then \
			echo "Installing with apt ($${sudo:-as root}): nodejs npm"; \
			DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null; fi; fi; \
	new "$$(have)" || { echo "The pages need Node.js $(NODE_MIN) or newer with npm, and neither is it here nor does apt have it. Install it and run this again." >&2; exit 1; }

# What the pages are built from. Their files are taken into the server where they are there when it is compiled.
UI_SOURCES := $(shell find ui/src ui/public ui/scripts -type f 2>/dev/null) ui/index.html ui/vite.config.ts ui/package.json

ui/node_modules/.installed: ui/package-lock.json ui/.npmrc
	cd ui && npm ci --no-audit --no-fund && touch node_modules/.installed

ui/dist/index.html: $(UI_SOURCES) ui/node_modules/.installed
	cd ui && npm run --silent build

ui: node ## Build the pages that the server serves (only when they changed)
	@$(MAKE) --no-print-directory ui/dist/index.html

ui-test: ui ## Tests of the pages without a server
	cd ui && npm run --silent test

ui-e2e: ui ## The pages in a real browser against the server in HOMEPORT_BIN_DIR
	cd ui && npm run --silent e2e

ui-lint: node
	@$(MAKE) --no-print-directory ui/node_modules/.installed
	cd ui && npm run --silent lint

build: rust apt-build ui
	cargo build --locked --workspace --bins

# Windows are dynamic (GTK, WebKit), so they are a workspace of their own and know nothing of our static flags.
WINDOW := env -u CARGO_BUILD_TARGET -u CARGO_TARGET_$(HOST_ENV)_RUSTFLAGS CARGO_TARGET_DIR=$(TARGET_DIR)
WINDOW_MANIFEST := --locked --manifest-path src-tauri/window/Cargo.toml
# Where the tray and the tests find it.
define build-window
	$(WINDOW) cargo build $(WINDOW_MANIFEST)
	@mkdir -p $(BIN) && cp -f $(TARGET_DIR)/debug/homeport-window $(BIN)/homeport-window
endef

window-apt:
	$(call apt,$(APT_WINDOW))

window-packages: apt-build
	@$(MAKE) --no-print-directory window-apt && pkg-config --exists webkit2gtk-4.1 || { echo "The windows need WebKitGTK 4.1 with its headers and its driver ($(APT_WINDOW)), which cannot be installed here. Everything else builds and runs without them: make run." >&2; exit 1; }

window: rust window-packages ui ## Build the program of the windows (needs WebKit)
	$(build-window)

window-or-word: rust ui-or-word
	@if pkg-config --exists webkit2gtk-4.1 2>/dev/null && [ -e ui/dist/index.html ]; then $(MAKE) --no-print-directory window; \
	else echo "Going on without windows: WebKitGTK 4.1 is not installed (make window installs it). The dashboard opens in the browser." >&2; fi

# A machine that cannot have Node hosts and reaches all the same; what it lacks is pages.
ui-or-word:
	@$(MAKE) --no-print-directory ui || echo "Going on without the pages of the dashboard." >&2

run: rust apt-build ui-or-word window-or-word ## Host this computer: server, relay, workspace `box`; Ctrl-C stops everything
	cargo build --locked --workspace --bins
	@exec scripts/run "$(BIN)"

# What the laboratory runs but this machine must not have installed: systemd-resolved, NetworkManager and openresolv would
# take over /etc/resolv.conf, and xrdp would serve this desktop. Some come with the libraries that are missing here.
# openresolv has a folder of its own, because systemd has a program of the same name.
LAB_PACKAGES := systemd-resolved dnsmasq-base
LAB_APART := openresolv
LAB_SERVERS := xrdp network-manager
LAB_ROOT := $(TARGET_DIR)/lab-root
export HOMEPORT_LAB_ROOT := $(LAB_ROOT)

lab-packages: apt-test ## Unpack the laboratory's foreign programs, without installing them
	@[ -e $(LAB_ROOT)/.with-managers ] || { rm -rf $(LAB_ROOT) && mkdir -p $(LAB_ROOT)/deb/partial && cd $(LAB_ROOT)/deb && \
	apt-get download -qq $(LAB_PACKAGES) 2>/dev/null && \
	{ apt-get install -y -qq --no-install-recommends --reinstall --download-only -o Dir::Cache::archives="$$PWD" -o Debug::NoLocking=1 $(LAB_SERVERS) >/dev/null 2>&1 || true; } && \
	for package in *.deb; do dpkg -x $$package ..; done && mkdir -p apart && cd apart && \
	{ ! apt-get download -qq $(LAB_APART) 2>/dev/null || dpkg -x $(LAB_APART)_*.deb ../../$(LAB_APART); } && cd .. && touch ../.with-managers; } \
	|| echo "No $(LAB_PACKAGES) to unpack here; the tests that need them are skipped." >&2

test: rust apt-test lab-packages build window ## All tests that need no other toolchain
	# Every binary, so that one red test does not hide the rest.
	cargo test --locked --workspace --no-fail-fast
	$(WINDOW) cargo test $(WINDOW_MANIFEST)
	$(MAKE) --no-print-directory ui-test ui-e2e

lint: rust apt-build ui-lint window-packages ui ## Formatting and clippy, warnings denied; types and lints of the pages
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo fmt --manifest-path src-tauri/window/Cargo.toml --check
	$(WINDOW) cargo clippy $(WINDOW_MANIFEST) --all-targets -- -D warnings

interop: rust apt-test ## Our wires against their Go originals (needs Go)
	@command -v go >/dev/null || { echo "make interop needs Go 1.25 or newer on PATH." >&2; exit 1; }
	cargo test --locked --workspace --test interop -- --ignored --test-threads=1

bench: rust apt-test ## Measure against the peers and print the table (needs Go for the peers)
	$(call apt,$(APT_BENCH))
	cargo build --locked --release --workspace --bins
	HOMEPORT_BIN_DIR=$(RELEASE) $(RELEASE)/bench
