#!/bin/bash
# A state is applied without a master and with one: once it changes, then not; drift is mended.
set -eu
work=$(mktemp -d)
cd "$work"
pids=()
# Each is the leader of a group: a master is eight processes.
cleanup() { for one in "${pids[@]}"; do kill -9 -- "-$one"; done 2>/dev/null; wait 2>/dev/null; rm -rf "$work"; }
trap cleanup EXIT
mkdir -p conf states pillar
cat > states/top.sls <<'C'
base:
  '*': [page]
C
cp states/top.sls pillar/top.sls
echo 'word: hello' > pillar/page.sls
cat > states/page.sls <<C
$work/page:
  file.managed:
    - contents: "{{ pillar['word'] }} from {{ grains['id'] }}"
    - mode: '0640'
$work/told:
  cmd.run:
    - name: echo told >> $work/told
    - onchanges:
      - file: $work/page
C
cat > conf/master <<C
interface: 127.0.0.1
root_dir: $work/master
worker_threads: 2
file_roots: {base: [$work/states]}
pillar_roots: {base: [$work/pillar]}
C
cat > conf/minion <<C
id: smoke
master: 127.0.0.1
root_dir: $work/minion
file_roots: {base: [$work/states]}
pillar_roots: {base: [$work/pillar]}
C
# How many of the two states changed something; both have to be as they say.
applied() {
  jq -e 'to_entries[0].value | [.[].result] == [true, true]' answer > /dev/null || { cat answer err >&2; exit 1; }
  jq 'to_entries[0].value | [.[].changes | select(length > 0)] | length' answer
}
alone() { timeout 120 salt-call --local -c "$work/conf" --out json -l error state.apply "$@" > answer 2> err < /dev/null; applied; }
[ "$(alone)" = 2 ]
[ "$(cat page)" = "hello from smoke" ]
[ "$(stat -c %a page)" = 640 ]
[ "$(alone)" = 0 ]
echo spoiled > page
[ "$(alone)" = 2 ]
[ "$(cat page)" = "hello from smoke" ]
[ "$(cat told)" = $'told\ntold' ]
echo "without a master: a state changes what is other than it says, and only that"

setsid salt-master -c "$work/conf" > master.log 2>&1 & pids+=($!)
setsid salt-minion -c "$work/conf" > minion.log 2>&1 & pids+=($!)
keys() { salt-key -c "$work/conf" --out json -L 2> err < /dev/null | jq -c "[.$1[]]"; }
for _ in $(seq 60); do [ "$(keys minions_pre)" = '["smoke"]' ] && break; sleep 1; done
[ "$(keys minions_pre)" = '["smoke"]' ] || { tail -n 5 master.log minion.log; exit 1; }
[ "$(keys minions)" = '[]' ]
salt-key -c "$work/conf" -q -y -a smoke > /dev/null 2> err < /dev/null
[ "$(keys minions)" = '["smoke"]' ]
far() { timeout 120 salt -c "$work/conf" --out json --static -t 60 smoke "$@" > answer 2> err < /dev/null; }
for _ in $(seq 30); do far test.ping && jq -e '.smoke == true' answer > /dev/null && break; sleep 1; done
jq -e '.smoke == true' answer > /dev/null || { cat answer err; tail -n 5 master.log minion.log; exit 1; }
echo "a minion whose key was accepted answers its master"
echo spoiled > page
far state.apply
[ "$(applied)" = 2 ]
[ "$(cat page)" = "hello from smoke" ]
far state.apply
[ "$(applied)" = 0 ]
echo "the master mends what was spoiled, and a second time finds nothing to do"
