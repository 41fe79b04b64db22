#!/bin/bash
# What files describe is made once, changed where they change, and taken away; no provider is needed.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export HOME=$work CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1
mkdir project made
cd project
cat > main.tf <<C
variable "words" {
  type    = map(string)
  default = { one = "hello", two = "world" }
}
resource "terraform_data" "page" {
  for_each         = var.words
  input            = "$work/made/\${each.key}"
  triggers_replace = each.value
  provisioner "local-exec" {
    command = "echo \${each.value} >> \${self.input}"
  }
  provisioner "local-exec" {
    when    = destroy
    command = "rm \${self.input}"
  }
}
output "pages" {
  value = sort([for one in terraform_data.page : one.output])
}
C
tofu() { local verb=$1; shift; command tofu "$verb" -no-color "$@" < /dev/null; }
# 0 when there is nothing to do, 2 when there is (`tofu plan -detailed-exitcode`).
pending() { local code=0; tofu plan -detailed-exitcode "$@" > ../log 2>&1 || code=$?; echo $code; }
apply() { tofu apply -auto-approve "$@" > ../log 2>&1 || { cat ../log; exit 1; }; }
tofu init > ../log || { cat ../log; exit 1; }
[ "$(pending)" = 2 ]
grep -q '^Plan: 2 to add, 0 to change, 0 to destroy' ../log
[ -z "$(ls ../made)" ]
apply
[ "$(cat ../made/one ../made/two)" = $'hello\nworld' ]
[ "$(tofu output -json pages | jq -c .)" = "[\"$work/made/one\",\"$work/made/two\"]" ]
[ "$(pending)" = 0 ]
apply
[ "$(cat ../made/one ../made/two)" = $'hello\nworld' ]
echo "what the files describe is made, once"

before=$(stat -c '%i %z' ../made/one)
new='words={one="hello",two="moon",three="sun"}'
[ "$(pending -var "$new")" = 2 ]
grep -q '^Plan: 2 to add, 0 to change, 1 to destroy' ../log
apply -var "$new"
[ "$(cat ../made/two ../made/three)" = $'moon\nsun' ]
[ "$(stat -c '%i %z' ../made/one)" = "$before" ]
[ "$(command tofu state list | wc -l)" = 3 ]
echo "only what changed in the files is made anew"
tofu destroy -auto-approve > ../log
[ -z "$(ls ../made)" ]
[ -z "$(command tofu state list)" ]
echo "what was made is taken away"
