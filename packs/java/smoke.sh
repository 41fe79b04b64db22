#!/bin/bash
# A program in Java answers a request over HTTP: the server that the JDK itself carries.
set -eu
work=$(mktemp -d)
trap 'kill "${pid:-}" 2>/dev/null; rm -rf "$work"' EXIT
echo "hello from Java" > "$work/index.html"
java -Xmx64m -m jdk.httpserver -b 127.0.0.1 -p 8765 -d "$work" > "$work/log" 2>&1 & pid=$!
for _ in $(seq 300); do curl -sf -o /dev/null http://127.0.0.1:8765/ && break; sleep 0.2; done
curl -sf http://127.0.0.1:8765/ | grep -qx 'hello from Java'
echo "a server in Java answers"
