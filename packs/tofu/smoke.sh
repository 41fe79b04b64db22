#!/bin/bash
# What files describe is made once, changed where they change, mended where it drifts, and taken away:
# first without a provider, then by the learner, in the bench's own Docker.
set -eu
work=$(mktemp -d)
cleanup() { docker rm -f web others > /dev/null 2>&1 || true; rm -rf "$work"; }
trap cleanup EXIT
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

/usr/lib/infralab/bin/start-docker
docker load -qi /usr/lib/infralab/images/busybox.tar > /dev/null
image=$(docker image ls --format '{{.Repository}}:{{.Tag}}' busybox | head -n 1)
docker network create others > /dev/null
docker volume create others > /dev/null
docker run -d --name others --network others -v others:/data "$image" sleep 600 > /dev/null
ids() { docker inspect -f '{{.Id}}' "$@"; }
others() { ids others; docker network inspect -f '{{.Id}}' others; docker volume inspect others; }
foreign=$(others)
version=$(ls /usr/share/terraform/plugins/registry.opentofu.org/kreuzwerker/docker)
mkdir ../site
cd ../site
cat > main.tf <<C
terraform {
  required_providers {
    docker = {
      source  = "kreuzwerker/docker"
      version = "$version"
    }
  }
}
resource "docker_network" "shop" {
  name = "shop"
}
resource "docker_volume" "pages" {
  name = "pages"
}
resource "docker_container" "web" {
  name        = "web"
  image       = "$image"
  command     = ["sh", "-c", "echo hello > /pages/index.html; exec httpd -f -h /pages"]
  memory      = 64
  memory_swap = 64
  networks_advanced {
    name = docker_network.shop.name
  }
  volumes {
    volume_name    = docker_volume.pages.name
    container_path = "/pages"
  }
  ports {
    internal = 80
    external = 8085
  }
}
C
chmod 755 "$work"
chown -R learner: .
# As the learner types it, in a login shell: no file and no variable says where the provider is.
tofu() { runuser -l learner -c "cd $PWD && command tofu $* -no-color" < /dev/null; }
in_state() { tofu show -json | jq -r ".values.root_module.resources[] | select(.address == \"$1\").values.id"; }
answers() { for _ in $(seq 50); do [ "$(curl -s localhost:8085)" != hello ] || return 0; sleep 0.1; done; return 1; }
tofu init > ../log 2>&1 || { cat ../log; exit 1; }
grep -q "Installed kreuzwerker/docker v$version " ../log
[ "$(pending)" = 2 ] || { cat ../log; exit 1; }
grep -q '^Plan: 3 to add, 0 to change, 0 to destroy' ../log
apply
answers
[ "$(in_state docker_container.web)" = "$(ids web)" ]
[ "$(in_state docker_network.shop)" = "$(docker network inspect -f '{{.Id}}' shop)" ]
[ "$(docker inspect -f '{{(index .Mounts 0).Name}}' web)" = pages ]
[ "$(docker inspect -f '{{.HostConfig.Memory}}' web)" = $((64 << 20)) ]
[ "$(pending)" = 0 ] || { cat ../log; exit 1; }
echo "the provider made a network, a volume and a container, without a way out of the bench"

docker rm -f web > /dev/null
[ "$(pending)" = 2 ]
grep -q '^Plan: 1 to add, 0 to change, 0 to destroy' ../log
apply
answers
docker update --memory 128m --memory-swap 128m web > /dev/null
[ "$(pending)" = 2 ]
grep -q 'memory *= 128 -> 64' ../log
apply
[ "$(docker inspect -f '{{.HostConfig.Memory}}' web)" = $((64 << 20)) ]
[ "$(pending)" = 0 ] || { cat ../log; exit 1; }
echo "what drifted is mended"

tofu destroy -auto-approve > ../log 2>&1 || { cat ../log; exit 1; }
[ -z "$(docker ps -aqf name=web)$(docker network ls -qf name=shop)$(docker volume ls -qf name=pages)" ]
[ "$(others)" = "$foreign" ]
[ "$(docker inspect -f '{{.State.Running}}' others)" = true ]
echo "what is not its own stays"
