#!/bin/bash
# A target that dies raises an alert, which comes to the alert manager.
set -eu
work=$(mktemp -d)
cd "$work"
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
prometheus-node-exporter --web.listen-address 127.0.0.1:9110 > node.log 2>&1 & node=$!
pids+=($node)
cat > am.yml <<C
route: {receiver: none, group_wait: 1s}
receivers: [{name: none}]
C
prometheus-alertmanager --config.file am.yml --storage.path am --cluster.listen-address= \
  --web.listen-address 127.0.0.1:9113 > am.log 2>&1 & pids+=($!)
cat > rules.yml <<C
groups: [{name: smoke, interval: 1s, rules: [{alert: Down, expr: up == 0}]}]
C
cat > prometheus.yml <<C
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [rules.yml]
alerting: {alertmanagers: [{static_configs: [{targets: ["127.0.0.1:9113"]}]}]}
scrape_configs: [{job_name: node, static_configs: [{targets: ["127.0.0.1:9110"]}]}]
C
prometheus --config.file prometheus.yml --storage.tsdb.path data --web.listen-address 127.0.0.1:9112 > p.log 2>&1 & pids+=($!)
up() { curl -s "http://127.0.0.1:9112/api/v1/query?query=up" | jq -r '.data.result[0].value[1]'; }
for _ in $(seq 150); do [ "$(up)" = 1 ] && break; sleep 0.2; done
[ "$(up)" = 1 ]
curl -s "http://127.0.0.1:9112/api/v1/query?query=node_memory_MemTotal_bytes" | jq -e '.data.result[0].value[1] | tonumber > 0' > /dev/null
kill $node
for _ in $(seq 150); do
  curl -s http://127.0.0.1:9113/api/v2/alerts | jq -e '.[] | select(.labels.alertname == "Down")' > /dev/null && found=1 && break
  sleep 0.2
done
[ "${found:-}" ] || { echo "no alert came"; exit 1; }
echo "a target that died became an alert"
