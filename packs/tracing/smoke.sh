#!/bin/bash
# Two spans of one request come back as one trace, and as "shop calls pay".
set -eu
work=$(mktemp -d)
trap 'kill "${pid:-}" 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
zipkin > "$work/log" 2>&1 & pid=$!
api=http://127.0.0.1:9411/api/v2
for _ in $(seq 900); do curl -sf http://127.0.0.1:9411/health > /dev/null && break; kill -0 $pid; sleep 0.2; done
now=$(date +%s%6N)
curl -sf -H 'Content-Type: application/json' "$api/spans" -d "[
 {\"traceId\": \"00000000000000a1\", \"id\": \"00000000000000a1\", \"kind\": \"CLIENT\", \"name\": \"order\",
  \"timestamp\": $now, \"duration\": 90000, \"localEndpoint\": {\"serviceName\": \"shop\"}},
 {\"traceId\": \"00000000000000a1\", \"parentId\": \"00000000000000a1\", \"id\": \"00000000000000a2\", \"kind\": \"SERVER\",
  \"name\": \"charge\", \"timestamp\": $now, \"duration\": 70000, \"localEndpoint\": {\"serviceName\": \"pay\"}}]"
for _ in $(seq 100); do
  curl -sf "$api/trace/00000000000000a1" | jq -e 'length == 2' > /dev/null && break
  sleep 0.1
done
curl -sf "$api/trace/00000000000000a1" | jq -e '[.[].localEndpoint.serviceName] | sort == ["pay", "shop"]' > /dev/null
curl -sf "$api/dependencies?endTs=$(date +%s%3N)&lookback=3600000" \
  | jq -e '.[] | select(.parent == "shop" and .child == "pay")' > /dev/null
curl -sfL http://127.0.0.1:9411/zipkin/ | grep -qi '<html'
echo "one trace of two services; shop calls pay; the pages are served"
