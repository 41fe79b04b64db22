#!/bin/bash
# A monitor, a manager and three OSDs, made by hand: what was written is read when one OSD is dead.
set -eu
# On the disk, as the OSDs' files are: /tmp is of memory.
work=$(mktemp -d /var/lib/ceph/smoke.XXXXXX)
cd "$work"
declare -A pids
cleanup() { kill -9 "${pids[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$work"; }
trap cleanup EXIT
fsid=$(cat /proc/sys/kernel/random/uuid)
addresses='[v2:127.0.0.1:3300,v1:127.0.0.1:6789]'
export CEPH_CONF=$work/ceph.conf
cat > ceph.conf <<C
[global]
fsid = $fsid
mon host = $addresses
public addr = 127.0.0.1
cluster addr = 127.0.0.1
run dir = $work
log file = $work/\$name.log
admin socket = $work/\$name.asok
keyring = $work/\$name.keyring
osd pool default size = 2
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pg autoscale mode = off
# One machine: two copies may lie on it, on two OSDs.
osd crush chooseleaf type = 0
mon osd min down reporters = 1
[mon]
mon data = $work/mon
[mgr]
mgr data = $work/mgr
[osd]
osd data = $work/osd\$id
osd objectstore = bluestore
bluestore block size = 1073741824
C
# It would read this script as its own input.
ceph() { timeout 60 ceph --connect-timeout 30 "$@" < /dev/null; }
# From the root: the folder of the OSD's classes, which rbd needs, is a relative path in this Debian.
start() { (cd / && exec "ceph-${1%%.*}" -f -i "${1#*.}") > "$1.out" 2>&1 & pids[$1]=$!; }
# Tries a condition for a minute; "$@" is a command that says whether it holds.
until_so() {
  for _ in $(seq 120); do "$@" && return; sleep 0.5; done
  echo "not so after a minute: $*"; ceph -s; tail -n 3 ./*.out; exit 1
}

ceph-authtool -C mon.keyring --gen-key -n mon. --cap mon 'allow *' > /dev/null
ceph-authtool -C client.admin.keyring --gen-key -n client.admin \
  --cap mon 'allow *' --cap mgr 'allow *' --cap osd 'allow *' > /dev/null
ceph-authtool mon.keyring --import-keyring client.admin.keyring > /dev/null
monmaptool --create --fsid "$fsid" --addv a "$addresses" monmap > /dev/null
ceph-mon --mkfs -i a --monmap monmap --keyring mon.keyring
start mon.a
until_so ceph mon stat > /dev/null
mkdir mgr
ceph auth get-or-create mgr.x mon 'allow profile mgr' osd 'allow *' -o mgr.x.keyring
start mgr.x
for n in 0 1 2; do
  mkdir "osd$n"
  uuid=$(cat /proc/sys/kernel/random/uuid)
  [ "$(ceph osd new "$uuid")" = "$n" ]
  ceph auth get-or-create "osd.$n" mon 'allow profile osd' mgr 'allow profile osd' osd 'allow *' \
    -o "osd.$n.keyring"
  ceph-osd --mkfs -i "$n" --osd-uuid "$uuid" > "osd.$n.out" 2>&1
  start "osd.$n"
done
status() { ceph osd tree -f json | jq -r ".nodes[] | select(.name == \"osd.$1\") | .status"; }
is() { [ "$(status "$1")" = "$2" ]; }
for n in 0 1 2; do until_so is $n up; done
echo "three OSDs are up"

ceph osd pool create smoke 2> /dev/null
head -c 3000000 /dev/urandom > hello
timeout 60 rados -p smoke put hello hello
read_back() { timeout 60 rados -p smoke get hello back && cmp hello back; }
read_back
first=$(ceph osd map smoke hello -f json | jq .acting_primary)
{ kill -9 "${pids[osd.$first]}"; wait "${pids[osd.$first]}"; } 2> /dev/null || true
until_so is "$first" down
[ "$(ceph osd map smoke hello -f json | jq .acting_primary)" != "$first" ]
rm back
read_back
echo "the OSD that had answered is dead, and the object is read from another"

rbd() { timeout 60 rbd "$@" < /dev/null; }
rbd pool init smoke
rbd create --size 16M smoke/disk
rbd import --no-progress hello smoke/filled
rbd snap create --no-progress smoke/filled@before
[ "$(rbd ls smoke | paste -sd,)" = disk,filled ]
rbd export --no-progress smoke/filled@before out
cmp hello out
echo "a disk in the pool holds what was written to it"

start "osd.$first"
until_so is "$first" up
clean() { ceph pg stat -f json | jq -e '[.pg_summary.num_pg_by_state[].name] | unique == ["active+clean"]' > /dev/null; }
until_so clean
echo "the OSD is back, and everything lies twice again"
