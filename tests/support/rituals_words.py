"""What synthetic histories are made of: commands, rituals, families that never settle, prompts. Data only.

Nothing here comes from a recorded session. `{kind}` in a text is a value to be filled in (see `KINDS`); `{item}` is
another one in each round of a loop.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done: a shell line (`Bash`), or what another tool is given. `reads`: it changes nothing."""

    text: str
    reads: bool = False
    tool: str = "Bash"


@dataclass(frozen=True, slots=True)
class Ritual:
    """Steps that belong together. `prompt` "" means: met in mid-episode.

    `swaps` are pairs of neighbouring reads that do not need each other; the steps `loop[0]` to `loop[1] - 1` are taken
    once or more; `parts` are rituals that some of the steps are on their own, by their first step and number.
    """

    id: str
    steps: tuple[Step, ...]
    prompt: str = ""
    swaps: tuple[tuple[int, int], ...] = ()
    loop: tuple[int, int] = (0, 0)
    parts: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """A prompt whose steps never settle: `order` differs, or which `steps` of a pool, or their `flags`."""

    id: str
    prompt: str
    kind: str
    pool: tuple[str, ...]
    flags: tuple[str, ...] = ()


KINDS: dict[str, tuple[str, ...]] = {
    "word": tuple("parser token retry queue cart price user invoice cache lock worker batch stream schema".split()),
    "name": tuple("api web auth billing search mailer gateway ledger notifier indexer".split()),
    "ns": tuple("prod staging dev canary".split()),
    "dir": tuple("src tests docs lib app build/out packages/core services/api web/static".split()),
    "file": tuple(
        f"{place}/{stem}.{end}"
        for place in ("src", "tests", "docs", "src/shop", "app/models")
        for stem in ("cart", "user", "price", "index", "config", "queue", "views", "main")
        for end in ("py", "ts", "md")
    ),
    "branch": tuple(f"{kind}/{what}" for kind in ("fix", "feat", "chore") for what in ("cart", "login", "ci", "docs")),
    "msg": tuple(
        f"{verb} {what}"
        for verb in ("Fix", "Add", "Rename", "Drop", "Speed up")
        for what in ("the cart", "the login form", "rounding of prices", "the retry loop", "a flaky test")
    ),
    "n": tuple(map(str, range(5, 400, 7))),
    "item": tuple(map(str, range(1001, 1999))),
    "version": tuple(f"{major}.{minor}.{patch}" for major in (1, 2) for minor in range(9) for patch in range(3)),
    "hash": tuple(f"{number * 2654435761 % 2**28:07x}" for number in range(1, 60)),
    "url": tuple(f"http://localhost:{port}/{path}" for port in (8000, 8080) for path in ("health", "metrics", "v1")),
}

_READS = """
git status: | --short | --porcelain -b | -sb
git log: --oneline -n {n} | --stat -n {n} | -p {file} | --graph --oneline | --since={n}.days | -S {word}
git diff: | --stat | --cached | --name-only | HEAD~1 -- {file} | -w {file}
git show: {hash} | --stat {hash} | --name-only {hash}
git branch: -a | -vv | --show-current | --merged
git blame: {file} | -L {n},+9 {file}
git remote: -v
git stash: list
git rev-parse: HEAD | --show-toplevel
git ls-files: | -m | -o --exclude-standard
git describe: --tags | --always
ls: | -la | -lt {dir} | -R {dir} | -1 {dir}
cat: {file} | -n {file}
head: -n {n} {file} | -c {n} {file}
tail: -n {n} {file} | -c {n} {file}
wc: -l {file} | -c {file}
find: {dir} -name {word} | {dir} -type f -newer {file} | . -maxdepth {n} -type d | {dir} -size +{n}k
rg: -n {word} | -l {word} | -c {word} {dir} | -uu {word} | -w {word} -g {word}
grep: -rn {word} {dir} | -c {word} {file} | -il {word} {file} | -A {n} {word} {file}
du: -sh {dir} | -a {dir} | -d {n} {dir}
df: -h | -i
stat: {file} | -c %s {file}
file: {file} | -b {file}
tree: -L {n} | -d {dir} | -a {dir}
which: {word} | -a {word}
ps: aux | -ef
date: | -u | -I
uname: -a | -r
jq: .{word} {file} | -r .{word} {file} | -c . {file}
diff: -u {file} {file} | -rq {dir} {dir}
sort: {file} | -u {file} | -rn {file}
ss: -tlnp | -s
free: -h | -m
kubectl get: pods -n {ns} | pods -A | svc -n {ns} -o wide | events --sort-by={word} | deploy {name} -o yaml
kubectl describe: pod {name} -n {ns} | node {name}
kubectl logs: {name} -n {ns} | {name} --previous | -l app={name} --tail={n}
kubectl top: pods -n {ns} | nodes
docker ps: | -a | -q
docker images: | -q
docker logs: --tail {n} {name} | {name} | --since {n}m {name}
docker inspect: {name} | -f {word} {name}
gh pr: view {n} | view {n} --comments | list | list --author {name} | checks {n} | diff {n}
gh issue: view {n} | list | list --label {word} | list --assignee {name}
gh run: list | list --limit {n} | view {n} --log-failed | view {n}
npm ls: | --depth={n} | {name}
npm view: {name} | {name} version --json
pip list: | --outdated
pip show: {name} | -f {name}
helm list: -A | -n {ns}
terraform show: | -json
journalctl: -u {name} -n {n} | -xe | --since {word}
systemctl status: {name} | --no-pager {name}
curl: -s {url} | -sI {url}
"""

_WRITES = """
git add: -A | -u | {file} | -N {file}
git commit: -m "{msg}" | --amend --no-edit | -am "{msg}" | --fixup {hash} | --allow-empty -m "{msg}"
git push: | --force-with-lease | --tags | -u origin {branch} | origin --delete {branch}
git pull: | --rebase | --ff-only
git fetch: --all --prune | origin | --tags
git rebase: {branch} | --continue | --abort
git checkout: {branch} | -b {branch} | -- {file}
git switch: {branch} | -c {branch} | -
git merge: {branch} | --no-ff {branch} | --abort
git stash: push | pop | drop | push -m {word}
git tag: -a v{version} -m {word} | -d v{version}
git reset: --hard {hash} | --soft {hash} | {file}
git cherry-pick: {hash} | -n {hash}
git clean: -fd | -fdx
git restore: {file} | --staged {file}
git branch: -d {branch} | -D {branch} | -m {branch}
pytest: | -q | -x -q | --lf | -k {word} | -v {file} | --cov={word} | -q {file}
ruff check: . | --fix . | {file}
ruff format: . | --check . | {file}
mypy: . | --strict {dir} | -p {word}
coverage: run -m {word} | report --skip-covered | html -d {dir}
tox: -e py311 | -p
npm install: | {name} | -D {name} | {name}@latest
npm run: build | lint | dev | build --if-present
npm test: | -- --watch | -- -u
npm audit: fix | fix --force
npx: tsc --noEmit | eslint --fix {dir} | prettier --write {dir} | vitest run
cargo build: | --release
cargo test: | --workspace | {word}
cargo clippy: --all-targets | --fix
cargo fmt: | --check
cargo update: | -p {name}
go build: ./... | -o {file} {dir}
go test: ./... | -race ./... | -run {word} ./...
go vet: ./...
go mod: tidy | download | vendor
go generate: ./...
make: | -j {n} | -B
docker build: -t {name} . | --no-cache -t {name} .
docker push: {name}
docker run: --rm {name} | -d -p {n}:{n} {name}
docker rm: -f {name}
docker compose: up -d | down -v | restart {name} | build
docker system: prune -f
kubectl apply: -f {file} | -k {dir}
kubectl delete: pod {name} -n {ns} | -f {file}
kubectl rollout: restart deployment/{name} -n {ns} | status deployment/{name} -n {ns} | undo deployment/{name}
kubectl scale: deployment/{name} --replicas={n}
kubectl exec: {name} -n {ns} -- {word}
helm upgrade: --install {name} {dir} | {name} {dir} --atomic
helm rollback: {name} {n}
terraform init: | -upgrade
terraform apply: | -auto-approve
terraform fmt: -recursive | -check
terraform validate: | -json
terraform plan: | -out={file} | -destroy
ansible-playbook: -i {file} {file} | --check {file}
rm: {file} | -rf {dir} | -f {file}
mkdir: -p {dir} | {dir}
cp: {file} {file} | -r {dir} {dir}
mv: {file} {file} | -n {file} {file}
touch: {file}
chmod: +x {file} | -R u+w {dir}
ln: -s {file} {file} | -sf {file} {file}
tar: -czf {file} {dir} | -xzf {file}
rsync: -av {dir} {name} | -avz --delete {dir} {name}
scp: {file} {name} | -r {dir} {name}
node: {file} | --test {dir}
python3: {file} | -m build | -m venv --clear {dir}
pip install: {name} | -r {file} | -U {name} | -e .
uv sync: | --all-extras
uv lock: | --upgrade
poetry install: | --no-root
poetry add: {name} | --group {word} {name}
alembic: upgrade head | revision --autogenerate -m {word} | downgrade -{n}
sqlite3: {file} {word} | -header {file} {word}
psql: -c {word} | -f {file} | -d {name} -c {word}
redis-cli: flushall | -n {n} get {word}
systemctl restart: {name} | --user {name}
gh pr: create --fill | merge {n} --squash --delete-branch | comment {n} --body "{msg}" | review {n} --approve
gh issue: close {n} | comment {n} --body "{msg}" | edit {n} --add-label {word} | create --title "{msg}"
gh release: create v{version} --generate-notes
gh workflow: run {name} | run {name} --ref {branch}
openssl: rand -hex {n} | x509 -in {file} -noout
kill: -9 {n} | {n}
"""


def _table(text: str, reads: bool) -> tuple[Step, ...]:
    rows = (line.partition(":") for line in text.strip().splitlines())
    return tuple(Step(f"{head} {tail.strip()}".strip(), reads) for head, _, tails in rows for tail in tails.split("|"))


COMMANDS = (*_table(_READS, True), *_table(_WRITES, False))
"""Every distinct command of the background: program, subcommand and flags, values to be filled in."""

HEAD = ("git status", "ls -la", "git diff", "cat {file}", "git log --oneline -n {n}", "pytest -q", "ls", "rg -n {word}")
"""The commands that are the most frequent in every history."""

TOOLS = (Step("{file}", True, "Read"), Step("{word}", True, "Grep"), Step("{file}", False, "Edit"))
LOOKS = (
    *(Step("{file}", True, "Read"), Step("{word}", True, "Grep"), Step("src/**/{word}.py", True, "Glob")),
    *(Step(text, True) for text in ("git status", "ls -la {dir}", "cat {file}", "rg -n {word}", "head -n {n} {file}")),
    *(Step(text, True) for text in ("git log --oneline -n {n}", "wc -l {file}", "git diff")),
)


def _ritual(
    id: str,
    steps: str,
    prompt: str = "",
    swaps: tuple[tuple[int, int], ...] = (),
    loop: tuple[int, int] = (0, 0),
    parts: tuple[tuple[str, int, int], ...] = (),
) -> Ritual:
    """Steps are divided by ` ; `; a step that only reads begins with `? `."""
    made = (Step(text.removeprefix("? "), text.startswith("? ")) for text in map(str.strip, steps.split(" ; ")))
    return Ritual(id, tuple(made), prompt, swaps, loop, parts)


KEYED = (
    _ritual(
        *("commit", '? git status --short ; ? git diff --stat ; git add -A ; git commit -m "{msg}"', "commit this"),
        swaps=((0, 1),),
    ),
    _ritual(
        "ship-it", 'pytest -q ; git add -A ; git commit -m "{msg}" ; git push ; gh pr create --fill', prompt="ship it"
    ),
    _ritual(
        "pod",
        "? kubectl get pods -n {ns} ; ? kubectl describe pod {name} -n {ns} ; ? kubectl logs {name} -n {ns} --tail=100",
        prompt="check pod {name} in {ns}",
        swaps=((1, 2),),
    ),
    _ritual("tests", "pytest -q", prompt="run the tests"),
    _ritual("size", "? du -sh {dir}", prompt="how big is {dir}?"),
    _ritual(
        "replies",
        "? gh pr view {n} --comments ; gh api repos/acme/shop/pulls/comments/{item}/replies -f body={word} ; git push",
        prompt="answer the review of pr {n}",
        loop=(1, 2),
    ),
    _ritual(
        "labels",
        "? gh issue list --label new ; ? gh issue view {item} ; gh issue edit {item} --add-label {word}",
        prompt="label the new issues",
        loop=(1, 3),
    ),
    _ritual(
        "release",
        "git tag -a v{version} -m {version} ; git push --tags ; gh release create v{version} --generate-notes",
        prompt="release {version}",
    ),
    _ritual(
        "restart",
        "kubectl rollout restart deployment/{name} -n {ns} ; kubectl rollout status deployment/{name} -n {ns}",
        prompt="restart {name} on {ns}",
    ),
    _ritual(
        *("changes", "? git log --oneline v{version}..HEAD ; ? git diff --stat v{version}"),
        prompt="what changed since {version}?",
        swaps=((0, 1),),
    ),
    _ritual(
        "morning",
        "git fetch --all --prune ; ? git status -sb ; ? gh pr list --author @me ; ? gh issue list --assignee @me",
        prompt="good morning",
        swaps=((2, 3),),
    ),
    _ritual(
        "bump",
        'npm install {name}@latest ; npm run build ; npm test ; git commit -am "{msg}"',
        prompt="bump {name} please",
    ),
    _ritual(
        "branches",
        "git fetch --prune ; ? git branch --merged ; git branch -d {item}",
        prompt="clean up my branches",
        loop=(2, 3),
    ),
)
"""Rituals that a prompt starts."""

_VERIFY = "ruff check . ; mypy . ; pytest -q"
VERIFY = _ritual("verify", _VERIFY)
SHIP = _ritual("ship", f'{_VERIFY} ; git add -A ; git commit -m "{{msg}}" ; git push', parts=(("verify", 0, 3),))
INSIDE = (
    _ritual("sync", "git stash push ; git pull --rebase ; git stash pop"),
    _ritual("web", "npx tsc --noEmit ; npm run lint ; npm test"),
    _ritual("rust", "cargo fmt ; cargo clippy --all-targets ; cargo test"),
    _ritual(
        "image",
        "docker build -t {name} . ; docker push {name} ; kubectl rollout restart deployment/{name}"
        " ; kubectl rollout status deployment/{name}",
    ),
    _ritual("infra", "terraform fmt -recursive ; terraform validate ; terraform plan -out={file}"),
    _ritual("manifests", "kubectl apply -f {item}.yaml ; ? kubectl get pods", loop=(0, 1)),
    _ritual("go", "go mod tidy ; go vet ./... ; go test ./..."),
    _ritual("ci", "? gh run list --limit 5 ; ? gh run view {n} --log-failed"),
    _ritual("amend", "git add -u ; git commit --amend --no-edit ; git push --force-with-lease"),
    _ritual("rows", "? gh issue view {item} ; gh issue close {item} ; git push", loop=(0, 2)),
)
"""Rituals without a prompt of their own."""

PROMPTS = tuple(
    "warm the cache|rotate all keys|prune our registry|seed a database|rebuild that index|publish my notes".split("|")
)
"""What starts rituals whose steps are drawn from the vocabulary."""

FAMILIES = (
    Family(
        *("moods", "tidy up the cluster", "order"),
        pool=("helm repo update", "kubectl cordon {name}", "docker image prune -f", "systemctl reload {name}"),
    ),
    Family(
        *("chores", "do the weekly chores", "order"),
        pool=("npm dedupe", "brew upgrade", "git gc", "docker volume prune -f", "pip cache purge"),
    ),
    Family(
        *("outage", "the site is slow", "steps"),
        pool=(
            *("kubectl drain {name}", "redis-cli info", "psql -l", "top -b -n 1", "vmstat 1 3", "iostat -x 1 3"),
            *("netstat -s", "dig {name}", "ping -c 3 {name}", "traceroute {name}", "helm history {name}", "uptime"),
        ),
    ),
    Family(
        *("report", "make the report", "flags"),
        pool=("rg {word}", "cargo tree", "git shortlog"),
        flags=tuple("--json --no-color --stats --all --verbose --quiet --locked --offline --no-merges --trace".split()),
    ),
    Family(
        *("bench", "measure it again", "flags"),
        pool=("hyperfine {word}", "ab {url}", "perf stat {word}"),
        flags=tuple("-w -r -m -M -N -i -k -q -s -t -v".split()),
    ),
)
"""What no compiler should touch."""

POPULAR = (
    *("continue", "fix the tests", "ok, go on", "review this change", "what is wrong here?", "try again"),
    *("make it faster", "explain this", "clean this up", "yes"),
)
"""Prompts that are typed all the time, with other work each time."""

ASKED = ("why does", "find out how", "look at where", "explain when", "refactor what", "check whether", "show me how")
DOES = ("loses", "calls", "locks", "parses", "retries", "formats", "imports", "renders", "skips", "rounds", "caches")
