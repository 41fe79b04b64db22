#!/bin/bash
# Three members elect a leader; when it is killed, the others go on with what was written.
set -eu
work=$(mktemp -d)
cd "$work"
export ETCDCTL_API=3
declare -A pid
trap 'kill -9 "${pid[@]}" 2>/dev/null; rm -rf "$work"' EXIT
cluster=m1=http://127.0.0.1:2391,m2=http://127.0.0.1:2392,m3=http://127.0.0.1:2393
for n in 1 2 3; do
  etcd --name m$n --data-dir m$n --initial-cluster "$cluster" --initial-cluster-state new \
    --listen-peer-urls http://127.0.0.1:239$n --initial-advertise-peer-urls http://127.0.0.1:239$n \
    --listen-client-urls http://127.0.0.1:238$n --advertise-client-urls http://127.0.0.1:238$n \
    > m$n.log 2>&1 &
  pid[$n]=$!
done
all=http://127.0.0.1:2381,http://127.0.0.1:2382,http://127.0.0.1:2383
for _ in $(seq 100); do etcdctl --endpoints $all endpoint health > /dev/null 2>&1 && break; sleep 0.2; done
etcdctl --endpoints $all put colour green
leader=$(etcdctl --endpoints $all endpoint status -w fields | awk -F' : ' '/"Leader"/{l=$2} /"MemberID"/{m=$2} /"Endpoint"/{e=$2; if (l==m) print e}' | tail -1)
n=${leader: -2:1}
[[ $n =~ [123] ]] || { echo "no leader: $leader"; exit 1; }
kill -9 "${pid[$n]}"
rest=$(echo $all | tr , '\n' | grep -v "238$n" | paste -sd,)
for _ in $(seq 100); do
  [ "$(etcdctl --endpoints "$rest" --command-timeout 2s get --print-value-only colour 2>/dev/null)" = green ] && found=1 && break
  sleep 0.2
done
[ "${found:-}" ] || { echo "nothing was read after the leader m$n died"; exit 1; }
etcdctl --endpoints "$rest" put colour blue
echo "m$n led and was killed; the other two went on"
