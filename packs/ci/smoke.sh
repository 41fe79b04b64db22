#!/bin/bash
# A push runs the workflow in containers: what fails its test is not deployed, what passes it is.
set -eu
work=$(mktemp -d)
cd "$work"
export HOME=$work GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com \
  GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com
cleanup() { docker ps -aq --filter name=act- | xargs -r docker rm -f > /dev/null 2>&1; rm -rf "$work"; }
trap cleanup EXIT
/usr/lib/infralab/bin/start-docker
docker load -qi /usr/lib/infralab/images/runner.tar > /dev/null
git init -q --bare site.git -b main
mkdir live
# For each run: the bench has no way out, to listen on or to ask for images (act's own settings file).
cat > .actrc <<C
-P ubuntu-latest=runner:latest
--pull=false
--network=none
--no-cache-server
--rm
C
cat > site.git/hooks/post-receive <<C
#!/bin/bash
# The repository is its own to the programs below, not the one that is pushed to (githooks(5)).
unset \$(git rev-parse --local-env-vars)
read -r _ new _
rm -rf $work/tree
git clone -q $work/site.git $work/tree
cd $work/tree
act push --secret TOKEN=hush --container-options "-v $work/live:/live" > $work/log 2>&1 < /dev/null
echo "\$new \$?" >> $work/ended
C
chmod 755 site.git/hooks/post-receive
git init -q mine -b main
cd mine
git remote add origin "$work/site.git"
mkdir -p .github/workflows
cat > .github/workflows/site.yml <<'C'
name: site
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        word: [hello, world]
    steps:
      - uses: actions/checkout@v4
      - run: grep -q ${{ matrix.word }} page || exit 3
  build:
    runs-on: ubuntu-latest
    needs: test
    outputs:
      sum: ${{ steps.sum.outputs.sum }}
    steps:
      - uses: actions/checkout@v4
      - id: sum
        run: echo "sum=$(python3 -c 'import hashlib; print(hashlib.sha256(open("page", "rb").read()).hexdigest())')" >> $GITHUB_OUTPUT
  deploy:
    runs-on: ubuntu-latest
    needs: build
    steps:
      - uses: actions/checkout@v4
      - env:
          TOKEN: ${{ secrets.TOKEN }}
        run: |
          [ "$TOKEN" = hush ]
          cp page /live/page
          echo ${{ needs.build.outputs.sum }} $(git rev-parse HEAD) > /live/about
C
push() {
  echo "$1" > page
  git add .
  git commit -q -m "$1"
  git push -q origin main
  # The commit, and the exit code of its run.
  read -r commit code < <(tail -n 1 "$work/ended")
  [ "$commit" = "$(git rev-parse HEAD)" ]
}
push "hello, world"
[ "$code" = 0 ] || { tail -n 40 "$work/log"; exit 1; }
cmp page "$work/live/page"
[ "$(cat "$work/live/about")" = "$(sha256sum < page | cut -d' ' -f1) $commit" ]
grep -q hush "$work/log" && { echo "the log tells the secret"; exit 1; }
echo "a push was tested in two containers, built and deployed"
good=$commit
push "hello"
[ "$code" = 1 ] || { echo "the run ended with $code"; tail -n 40 "$work/log"; exit 1; }
grep -q 'exitcode .3.' "$work/log"
[ "$(cat "$work/live/page")" = "hello, world" ]
grep -q "$good" "$work/live/about"
echo "what fails its test is not deployed"
[ -z "$(docker ps -aq)" ]
