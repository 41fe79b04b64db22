#!/bin/bash
# A bare machine takes files, Ansible's work and Puppet's, each once: a second time changes nothing.
set -eu
work=$(mktemp -d)
cd "$work"
export HOME=$work VAGRANT_CHECKPOINT_DISABLE=1 VAGRANT_DEFAULT_PROVIDER=docker
vagrant() { command vagrant "$@" < /dev/null; }
cleanup() { vagrant destroy -f > /dev/null 2>&1 || true; rm -rf "$work"; }
trap cleanup EXIT
/usr/lib/infralab/bin/start-docker
docker load -qi /usr/lib/infralab/images/bare.tar > /dev/null
mkdir site manifests
echo one > site/index.html
cat > Vagrantfile <<'C'
Vagrant.configure("2") do |config|
  config.ssh.insert_key = false
  config.vm.guest = :linux
  config.vm.synced_folder ".", "/vagrant", disabled: true
  config.vm.synced_folder "site", "/srv/site", type: "rsync"
  config.vm.provider "docker" do |docker|
    docker.image = "bare"
    docker.has_ssh = true
  end
  config.vm.provision "shell", inline: "echo $(id -un) >> /var/log/runs"
  config.vm.provision "shell", privileged: false, inline: "id -un > /tmp/who"
  config.vm.provision "file", source: "site/index.html", destination: "/tmp/uploaded"
  config.vm.provision "ansible" do |ansible|
    ansible.playbook = "play.yml"
    ansible.compatibility_mode = "2.0"
  end
  config.vm.provision "puppet" do |puppet|
    puppet.facter = { "shade" => "dark" }
  end
end
C
cat > play.yml <<'C'
- hosts: all
  become: true
  gather_facts: false
  tasks:
    - copy: {dest: /etc/color, content: "teal\n"}
C
echo 'file { "/etc/shade": content => "${facts["shade"]}\n" }' > manifests/default.pp
vagrant up > log 2>&1 || { tail -40 log; exit 1; }
inside() { docker exec "$(cat .vagrant/machines/default/docker/id)" "$@"; }
[ "$(inside cat /srv/site/index.html /var/log/runs /tmp/who /tmp/uploaded /etc/color /etc/shade)" = \
  "$(printf 'one\nroot\nvagrant\none\nteal\ndark')" ]
made=$(inside stat -c %z /etc/color /etc/shade)
vagrant provision > log 2>&1 || { tail -40 log; exit 1; }
grep -q 'changed=0' log
[ "$(inside stat -c %z /etc/color /etc/shade)" = "$made" ]
[ "$(inside grep -c root /var/log/runs)" = 2 ]
echo "a bare machine is made ready, and a second time finds nothing to do"
