#!/bin/bash
# A playbook changes what is other than it says, once; the next run finds nothing to do.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > site.yml <<C
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - copy: {dest: "$work/issue", content: "Welcome\n"}
C
export ANSIBLE_LOCAL_TEMP=$work/tmp ANSIBLE_REMOTE_TEMP=$work/tmp ANSIBLE_PYTHON_INTERPRETER=auto_silent
play() { ansible-playbook -i localhost, "$@" site.yml; }
play | grep -q 'changed=1'
play | grep -q 'changed=0'
echo spoiled > issue
play --check --diff | grep -q '^+Welcome'
grep -qx spoiled issue
play | grep -q 'changed=1'
grep -qx Welcome issue
echo "a playbook mends what is other than it says, and only that"
