#!/bin/bash
# A file lies on two bricks; one brick dies and misses a change; it is healed when it is back.
set -eu
work=$(mktemp -d)
cd "$work"
# It would read this script as its own input.
gluster() { timeout 60 gluster --mode=script "$@" < /dev/null; }
cleanup() {
  umount -l "$work/mnt" 2>/dev/null
  pkill -9 -f "$work" 2>/dev/null
  [ -z "${pid:-}" ] || kill -9 "$pid" 2>/dev/null
  pkill -9 -x glusterfs 2>/dev/null
  ip link del smoke-gl 2>/dev/null
  rm -rf "$work" /var/lib/glusterd/vols/smoke
  true
}
trap cleanup EXIT
# It refuses a loopback address, and not every kernel has dummies.
ip link add smoke-gl type bridge
ip addr add 10.99.7.1/24 dev smoke-gl
ip link set smoke-gl up
mkdir -p b1 b2 mnt /var/log/glusterfs
glusterd -N > log 2>&1 & pid=$!
for _ in $(seq 100); do gluster pool list > /dev/null 2>&1 && break; sleep 0.3; done
gluster volume create smoke replica 2 10.99.7.1:"$work/b1" 10.99.7.1:"$work/b2" force > /dev/null
gluster volume start smoke > /dev/null
mount -t glusterfs 10.99.7.1:/smoke mnt
echo first > mnt/note
[ "$(cat b1/note b2/note)" = $'first\nfirst' ]
echo "a file lies on both bricks"
brick() { gluster volume status smoke --xml | python3 -c '
import sys, xml.etree.ElementTree as e
print(next(n.findtext("pid") for n in e.parse(sys.stdin).iter("node") if n.findtext("path") == sys.argv[1]))' "$work/b$1"; }
kill -9 "$(brick 2)"
for _ in $(seq 50); do echo second > mnt/note 2> /dev/null && break; sleep 0.5; done
[ "$(cat mnt/note)" = second ]
[ "$(cat b2/note)" = first ]
gluster volume start smoke force > /dev/null
gluster volume heal smoke > /dev/null 2>&1 || true
for _ in $(seq 120); do [ "$(cat b2/note)" = second ] && break; sleep 0.5; done
[ "$(cat b2/note)" = second ] || { echo "the brick was not healed"; exit 1; }
echo "the brick that was away has what it missed"
