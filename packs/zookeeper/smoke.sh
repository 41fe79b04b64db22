#!/bin/bash
# Three servers form an ensemble; what is written through one is read through another.
set -eu
work=$(mktemp -d)
cd "$work"
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
for n in 1 2 3; do
  mkdir -p $n && echo $n > $n/myid
  cat > $n.cfg <<C
tickTime=500
initLimit=20
syncLimit=10
dataDir=$work/$n
clientPort=1218$n
admin.enableServer=false
4lw.commands.whitelist=*
server.1=127.0.0.1:12881:13881
server.2=127.0.0.1:12882:13882
server.3=127.0.0.1:12883:13883
C
  java -Xmx128m -cp '/usr/share/java/*:/etc/zookeeper/conf' org.apache.zookeeper.server.quorum.QuorumPeerMain $n.cfg > $n.log 2>&1 &
  pids+=($!)
done
mode() { { echo srvr >&3; cat <&3; } 3<> /dev/tcp/127.0.0.1/1218$1 2>/dev/null | sed -n 's/^Mode: //p'; }
for _ in $(seq 200); do
  modes=$(for n in 1 2 3; do mode $n; done 2>/dev/null | sort | paste -sd' ')
  [ "$modes" = "follower follower leader" ] && break
  sleep 0.3
done
[ "$modes" = "follower follower leader" ] || { echo "no ensemble: $modes"; tail -5 1.log; exit 1; }
cli() { timeout 60 java -Xmx64m -cp '/usr/share/java/*' org.apache.zookeeper.ZooKeeperMain -server 127.0.0.1:1218$1 "${@:2}" 2>/dev/null; }
cli 1 create /colour green > /dev/null
cli 2 get /colour | grep -qx green
echo "one leader and two followers; written through the first, read through the second"
