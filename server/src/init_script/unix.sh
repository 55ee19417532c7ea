#!/bin/sh
# Fetches the workspace daemon from its server and runs it. CODER_AGENT_TOKEN must be in the environment.
set -u
url='@ACCESS_URL@'
file='coder-@OS@-@ARCH@'

give_up() {
	echo "$1" >&2
	echo "The machine stays up for a day so that you can look." >&2
	sleep 86400
	exit 1
}

if [ -n "${BINARY_DIR:-}" ]; then
	folder=$BINARY_DIR
	mkdir -p "$folder" || give_up "The folder $folder cannot be made."
else
	folder=$(mktemp -d -t coder.XXXXXX) || give_up "No temporary folder can be made."
fi
program=$folder/coder

fetch() {
	if command -v curl >/dev/null 2>&1; then
		curl -fsSL --compressed "${url}bin/$file" -o "$program.new"
	elif command -v wget >/dev/null 2>&1; then
		wget -q "${url}bin/$file" -O "$program.new"
	elif command -v busybox >/dev/null 2>&1; then
		busybox wget -q "${url}bin/$file" -O "$program.new"
	else
		give_up "curl, wget or busybox is needed to fetch the workspace daemon."
	fi
}

until fetch; do
	echo "The workspace daemon could not be fetched from ${url}bin/$file. Trying again in 30 seconds." >&2
	sleep 30
done
chmod +x "$program.new" && mv -f "$program.new" "$program" || give_up "The workspace daemon cannot be written to $folder."

case $("$program" --version 2>&1) in
*Coder*) ;;
*) give_up "What was fetched from ${url}bin/$file is not a workspace daemon." ;;
esac

export CODER_AGENT_AUTH='token'
export CODER_AGENT_URL="$url"
"$program" agent
give_up "The workspace daemon ended with status $?."
