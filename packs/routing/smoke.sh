#!/bin/bash
# Two routers of two makers learn each other's network by BGP.
set -eu
work=$(mktemp -d)
trap 'for ns in smoke-a smoke-b; do ip netns pids $ns 2>/dev/null | xargs -r kill -9; ip netns del $ns 2>/dev/null; done; rm -rf "$work"' EXIT
cd "$work"
ip netns add smoke-a
ip netns add smoke-b
ip link add to-b netns smoke-a type veth peer name to-a netns smoke-b
for side in a:b:1 b:a:2; do
  IFS=: read -r me other n <<< "$side"
  ip -n smoke-$me addr add 10.99.0.$n/30 dev to-$other
  ip -n smoke-$me link set to-$other up
  ip -n smoke-$me link set lo up
  ip -n smoke-$me addr add 10.99.$n.1/32 dev lo
done
chmod 755 "$work"
mkdir frr
chown frr:frr frr
cat > frr/bgpd.conf <<C
router bgp 65001
 bgp router-id 10.99.1.1
 no bgp ebgp-requires-policy
 neighbor 10.99.0.2 remote-as 65002
 address-family ipv4 unicast
  network 10.99.1.1/32
C
chown frr:frr frr/bgpd.conf
for daemon in zebra bgpd; do
  : >> frr/$daemon.conf
  ip netns exec smoke-a /usr/lib/frr/$daemon -d -f "$PWD/frr/$daemon.conf" -i "$PWD/frr/$daemon.pid" \
    -z "$PWD/frr/zserv" --vty_socket "$PWD/frr" -P 0 > /dev/null 2>&1
done
cat > bird.conf <<C
router id 10.99.2.1;
protocol device {}
protocol direct { ipv4; interface "lo"; }
protocol kernel { ipv4 { export all; }; }
protocol bgp a { local 10.99.0.2 as 65002; neighbor 10.99.0.1 as 65001; ipv4 { import all; export where net ~ 10.99.2.0/24; }; }
C
ip netns exec smoke-b bird -c bird.conf -s bird.ctl -P bird.pid
for _ in $(seq 150); do
  ip netns exec smoke-a ping -c1 -W1 -I 10.99.1.1 10.99.2.1 > /dev/null 2>&1 && break
  sleep 0.2
done
ip -n smoke-a route show 10.99.2.1 | grep -q 'proto bgp' || { ip -n smoke-a route; birdc -s bird.ctl show protocols; exit 1; }
ip -n smoke-b route show 10.99.1.1 | grep -q 'proto bird'
ip netns exec smoke-a ping -c1 -W2 -I 10.99.1.1 10.99.2.1 > /dev/null
echo "FRR and BIRD know each other's network by BGP"
