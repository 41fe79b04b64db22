#!/bin/bash
# A manifest changes what is other than it says, once; a second run finds nothing; drift is mended.
set -eu
work=$(mktemp -d)
cleanup() { userdel smoke-puppet 2>/dev/null; rm -rf "$work"; }
trap cleanup EXIT
cd "$work"
cat > site.pp <<C
user { "smoke-puppet": ensure => present, uid => 7654, shell => "/usr/sbin/nologin" }
file { "$work/site": ensure => directory, owner => "smoke-puppet", mode => "0750" }
file { "$work/site/page":
  content => "\${facts['kernel']} on \${facts['networking']['hostname']}\n",
  mode    => "0640",
}
exec { "/bin/sh -c 'echo told >> $work/told'":
  refreshonly => true,
  subscribe   => File["$work/site/page"],
}
C
# What a run did, as its exit code says it: 0 nothing, 2 something was changed (puppet-apply(8)).
apply() {
  local code=0
  puppet apply --confdir "$work/conf" --vardir "$work/var" --publicdir "$work/public" \
    --color=false --detailed-exitcodes "$@" site.pp > log 2>&1 < /dev/null || code=$?
  echo $code
}
expect() { [ "$1" = "$2" ] || { echo "the code was $1, not $2:"; cat log; exit 1; }; }
changed() { grep -A9 '^resources:' public/last_run_summary.yaml | sed -n 's/^ *changed: //p'; }
expect "$(apply)" 2
[ "$(cat site/page)" = "Linux on $(hostname)" ]
[ "$(stat -c '%U %a' site)" = "smoke-puppet 750" ]
[ "$(id -u smoke-puppet)" = 7654 ]
[ "$(changed)" = 4 ]
before=$(stat -c '%i %z' site/page)
expect "$(apply)" 0
[ "$(stat -c '%i %z' site/page)" = "$before" ]
[ "$(changed)" = 0 ]
echo "what the manifest says is so, and a second run changes nothing"

echo spoiled > site/page
chmod 777 site
apply --noop > /dev/null
grep -q "mode changed '0777' to '0750' (noop)" log
[ "$(cat site/page)" = spoiled ]
expect "$(apply)" 2
[ "$(cat site/page)" = "Linux on $(hostname)" ]
[ "$(stat -c %a site)" = 750 ]
[ "$(changed)" = 3 ]
[ "$(cat told)" = $'told\ntold' ]
echo "what was spoiled is mended, and nothing else was touched"
