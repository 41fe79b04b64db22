#!/bin/bash
# Three documents are indexed; a search finds those with the word, and after a kill again.
set -eu
work=$(mktemp -d)
chmod 755 "$work"
mkdir "$work/node"
chown nobody "$work/node"
cleanup() { [ -z "${pid:-}" ] || kill -9 "$pid" 2>/dev/null; wait 2>/dev/null; rm -rf "$work"; }
trap cleanup EXIT
es=http://127.0.0.1:9200
start() {
  setpriv --reuid nobody --regid nogroup --clear-groups opensearch "$work/node" > "$work/log" 2>&1 & pid=$!
  for _ in $(seq 600); do
    curl -sf "$es/_cluster/health?wait_for_status=yellow&timeout=1s" > /dev/null && return
    kill -0 $pid || break
    sleep 0.3
  done
  grep -v "^\sat " "$work/log" | tail -5
  echo "OpenSearch does not answer"
  exit 1
}
found() { curl -sf "$es/logs/_search?q=msg:full" | jq -r '[.hits.hits[]._source.host] | sort | join(" ")'; }
start
send() { curl -sf -X PUT -H 'Content-Type: application/json' "$es/logs/_doc/$1?refresh=true" -d "$2" | jq -er .result; }
send 1 '{"host": "web1", "msg": "disk full"}'
send 2 '{"host": "web2", "msg": "all is well"}'
send 3 '{"host": "db1", "msg": "the queue is full"}'
[ "$(found)" = "db1 web1" ] || { echo "found: $(found)"; exit 1; }
# Without a word to it: what was answered is on the disk.
kill -9 $pid
wait $pid || true
start
[ "$(found)" = "db1 web1" ] || { echo "after the kill: $(found)"; exit 1; }
echo "two of three documents are found by a word, after a kill, too"
