#!/bin/bash
# A machine is made by the file, made anew when the file changes, and gone when it is destroyed.
set -eu
work=$(mktemp -d)
cd "$work"
export HOME=$work VAGRANT_CHECKPOINT_DISABLE=1 VAGRANT_DEFAULT_PROVIDER=docker
vagrant() { command vagrant "$@" < /dev/null; }
cleanup() { vagrant destroy -f > /dev/null 2>&1 || true; rm -rf "$work"; }
trap cleanup EXIT
/usr/lib/infralab/bin/start-docker
docker load -qi /usr/lib/infralab/images/busybox.tar > /dev/null
file() {
  cat > Vagrantfile <<C
Vagrant.configure("2") do |config|
  config.vm.synced_folder ".", "/vagrant", disabled: true
  config.vm.network "private_network", ip: "10.99.8.2", netmask: 24
  config.vm.provider "docker" do |d|
    d.image = "busybox"
    d.cmd = ["sleep", "600"]
    d.env = {"COLOUR" => "$1"}
    d.has_ssh = false
    d.remains_running = true
    d.pull = false
  end
end
C
}
file green
vagrant validate > /dev/null
vagrant up > log 2>&1 || { tail -20 log; exit 1; }
first=$(cat .vagrant/machines/default/docker/id)
colour() { docker exec "$(cat .vagrant/machines/default/docker/id)" sh -c 'echo $COLOUR'; }
[ "$(colour)" = green ]
docker exec "$first" ip addr | grep -q 10.99.8.2
file blue
vagrant destroy -f > /dev/null
if docker inspect "$first" > /dev/null 2>&1; then echo "it is still there"; exit 1; fi
vagrant up > log 2>&1 || { tail -20 log; exit 1; }
[ "$(colour)" = blue ]
vagrant plugin list | grep -q vagrant-libvirt
echo "a machine is as its file says, and its network, too"
