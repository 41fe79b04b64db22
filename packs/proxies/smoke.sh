#!/bin/bash
# Three proxies, one after another, share requests out between two servers.
set -eu
work=$(mktemp -d)
cd "$work"
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT
until_answers() { for _ in $(seq 100); do curl -sf -o /dev/null "$1" && return; sleep 0.1; done; echo "$1 does not answer"; exit 1; }

for port in 8001 8002; do
  mkdir "$port" && echo "from $port" > "$port/index.html"
  python3 -m http.server "$port" -d "$port" > /dev/null 2>&1 & pids+=($!)
  until_answers "http://127.0.0.1:$port/"
done

cat > haproxy.cfg <<C
defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s
frontend web
  bind 127.0.0.1:8100
  default_backend pool
backend pool
  balance roundrobin
  server a 127.0.0.1:8001
  server b 127.0.0.1:8002
C
haproxy -f haproxy.cfg > /dev/null 2>&1 & pids+=($!)

cat > nginx.conf <<C
daemon off;
pid $work/nginx.pid;
error_log $work/nginx.log;
events {}
http {
  access_log off;
  upstream pool { server 127.0.0.1:8001; server 127.0.0.1:8002; }
  server { listen 127.0.0.1:8200; location / { proxy_pass http://pool; } }
}
C
nginx -c "$work/nginx.conf" > /dev/null 2>&1 & pids+=($!)

cat > envoy.json <<C
{"static_resources": {
  "listeners": [{"address": {"socket_address": {"address": "127.0.0.1", "port_value": 8300}},
    "filter_chains": [{"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": {
      "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
      "stat_prefix": "web",
      "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}],
      "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"],
        "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "pool"}}]}]}}}]}]}],
  "clusters": [{"name": "pool", "load_assignment": {"cluster_name": "pool", "endpoints": [{"lb_endpoints": [
    {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 8001}}}},
    {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 8002}}}}]}]}}]}}
C
envoy -c envoy.json --base-id 7 --concurrency 1 > envoy.log 2>&1 & pids+=($!)

for proxy in haproxy:8100 nginx:8200 envoy:8300; do
  url=http://127.0.0.1:${proxy#*:}/
  until_answers "$url"
  seen=$(for _ in 1 2 3 4 5 6; do curl -sf "$url"; done | sort -u | paste -sd,)
  [ "$seen" = "from 8001,from 8002" ] || { echo "${proxy%:*} gave: $seen"; exit 1; }
  echo "${proxy%:*} shares requests out between both servers"
done
