"""A labelled set: lines with a secret of a known kind (those that only look so are in `secretless_lines`).

Everything is made by a seeded generator from pieces, so that no scanner takes this file for a leak. Token shapes are
those that vendors document; the places are what agents' shells, files and logs look like.
"""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

B62 = string.ascii_letters + string.digits
B64 = B62 + "+/"
URL = B62 + "_-"
HEX = "0123456789abcdef"
B32 = string.ascii_uppercase + "234567"
UP = string.ascii_uppercase + string.digits
LOW = string.ascii_lowercase + string.digits
PER_KIND = 24


@dataclass(frozen=True, slots=True)
class Line:
    """A text with its secret; `kind` "" and `secret` "" if it has none."""

    kind: str
    text: str
    secret: str


Rng = random.Random


def some(rng: Rng, alphabet: str, length: int) -> str:
    return "".join(rng.choice(alphabet) for _ in range(length))


def uuid(rng: Rng) -> str:
    return "-".join(some(rng, HEX, length) for length in (8, 4, 4, 4, 12))


def jwt(rng: Rng) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    claims = {"sub": some(rng, HEX, 12), "iat": rng.randrange(10**9)}
    return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}.{some(rng, URL, 43)}"


def pem(rng: Rng) -> str:
    sort = rng.choice(("RSA ", "EC ", "OPENSSH ", ""))
    lines = "\n".join(some(rng, B64, 64) for _ in range(rng.randrange(2, 6)))
    return f"-----BEGIN {sort}PRIVATE" + f" KEY-----\n{lines}\n{some(rng, B64, 21)}=\n-----END {sort}PRIVATE KEY-----"


def password(rng: Rng) -> str:
    """As people and password managers make them: a word with digits, or random with signs."""
    words = ("hunter", "dragon", "Sommer", "winter", "monkey", "Falcon", "sunset", "kaffee")
    if rng.random() < 0.4:
        return rng.choice(words) + str(rng.randrange(10, 9999)) + rng.choice(("", "!", "#"))
    return some(rng, B62, rng.randrange(9, 20)) + rng.choice(("7", "x9", "!4", "_2k"))


# --- tokens with a form of their own: they must be found wherever they stand

TOKENS: dict[str, Callable[[Rng], str]] = {
    "aws-key": lambda r: r.choice(("AKIA", "ASIA")) + some(r, B32, 16),
    "aws-session": lambda r: "IQoJb3JpZ2lu" + some(r, B64, 200) + "==",
    "github-token": lambda r: r.choice(("ghp", "gho", "ghu", "ghs", "ghr")) + "_" + some(r, B62, 36),
    "github-fine": lambda r: "github_" + "pat_" + some(r, B62, 22) + "_" + some(r, B62, 59),
    "gitlab-token": lambda r: r.choice(("glpat", "glrt", "gldt", "glptt")) + "-" + some(r, URL, 20),
    "slack-token": lambda r: (
        f"xox{r.choice('bp')}-{some(r, '123456789', 12)}-{some(r, '123456789', 13)}-{some(r, B62, 24)}"
    ),
    "slack-webhook": lambda r: (
        f"https://hooks.slack.com/services/T{some(r, UP, 8)}/B{some(r, UP, 10)}/{some(r, B62, 24)}"
    ),
    "stripe-key": lambda r: r.choice(("sk", "rk")) + r.choice(("_live_", "_test_")) + some(r, B62, r.choice((24, 99))),
    "stripe-webhook": lambda r: "whsec_" + some(r, B62, 32),
    "google-api-key": lambda r: "AIza" + some(r, URL, 34) + "g",
    "google-oauth": lambda r: "ya29." + some(r, URL, 120),
    "google-client": lambda r: "GOCSPX-" + some(r, URL, 28),
    "anthropic-key": lambda r: "sk-ant-" + "api03-" + some(r, URL, 93) + "AA",
    "openai-key": lambda r: (
        "sk-" + r.choice(("proj-", "svcacct-")) + some(r, URL, 74) + "T3Bl" + "bkFJ" + some(r, URL, 74)
    ),
    "openai-old": lambda r: "sk-" + some(r, B62, 20) + "T3Bl" + "bkFJ" + some(r, B62, 20),
    "openrouter-key": lambda r: "sk-or-" + "v1-" + some(r, HEX, 64),
    "groq-key": lambda r: "gsk_" + some(r, B62, 52),
    "perplexity-key": lambda r: "pplx-" + some(r, B62, 48),
    "replicate-token": lambda r: "r8_" + some(r, B62, 37),
    "xai-key": lambda r: "xai-" + some(r, B62, 80),
    "huggingface-token": lambda r: "hf_" + some(r, string.ascii_letters, 34),
    "npm-token": lambda r: "npm_" + some(r, B62, 36),
    "pypi-token": lambda r: "pypi-AgE" + "IcHlwaS5vcmc" + some(r, URL, 130),
    "rubygems-key": lambda r: "rubygems_" + some(r, HEX, 48),
    "docker-token": lambda r: "dckr_" + "pat_" + some(r, URL, 26) + "k",
    "digitalocean-token": lambda r: "dop_" + "v1_" + some(r, HEX, 64),
    "sendgrid-key": lambda r: "SG." + some(r, URL, 22) + "." + some(r, URL, 42) + "s",
    "mailgun-key": lambda r: "key-" + some(r, HEX, 32),
    "mailchimp-key": lambda r: some(r, HEX, 32) + "-us" + str(r.randrange(1, 22)),
    "twilio-key": lambda r: "SK" + some(r, HEX, 32),
    "telegram-token": lambda r: some(r, "123456789", 10) + ":AA" + some(r, URL, 32) + "t",
    "discord-token": lambda r: "MT" + some(r, B62, 24) + "." + some(r, B62, 6) + "." + some(r, B62, 38),
    "discord-webhook": lambda r: f"https://discord.com/api/webhooks/{some(r, '123456789', 18)}/{some(r, URL, 68)}",
    "age-key": lambda r: "AGE-SECRET-" + "KEY-1" + some(r, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
    "azure-storage": lambda r: f"DefaultEndpointsProtocol=https;AccountName=shop;AccountKey={some(r, B64, 86)}==",
    "azure-client-secret": lambda r: some(r, B62, 3) + r.choice("78") + "Q~" + some(r, B62 + "_.~-", 33) + "z",
    "azure-devops-token": lambda r: some(r, B62, 76) + "AZDO" + some(r, B62, 4),
    "atlassian-token": lambda r: "ATATT3" + "xFfGF0" + some(r, URL, 170) + "=" + some(r, "0123456789ABCDEF", 8),
    "bitbucket-password": lambda r: "ATBB" + some(r, B62, 32),
    "asana-token": lambda r: "1/" + some(r, "123456789", 16) + ":" + some(r, HEX, 32),
    "airtable-token": lambda r: "pat" + some(r, B62, 14) + "." + some(r, HEX, 64),
    "cloudflare-token": lambda r: r.choice(("cfk_", "cfut_", "cfat_")) + some(r, B62, 48),
    "circleci-token": lambda r: "CCIPAT_" + some(r, B62, 22) + "_" + some(r, HEX, 40),
    "databricks-token": lambda r: "dapi" + some(r, HEX, 32),
    "doppler-token": lambda r: "dp.pt." + some(r, B62, 43),
    "dropbox-token": lambda r: "sl." + some(r, URL, 137) + "a",
    "dynatrace-token": lambda r: "dt0c01." + some(r, UP, 24) + "." + some(r, UP, 64),
    "figma-token": lambda r: "figd_" + some(r, URL, 39) + "b",
    "fly-token": lambda r: "fm2_" + some(r, B64, 300),
    "grafana-token": lambda r: "glsa_" + some(r, B62, 32) + "_" + some(r, HEX, 8),
    "vault-token": lambda r: "hvs." + some(r, B62, r.choice((24, 95))),
    "terraform-token": lambda r: some(r, B62, 14) + ".atlasv1." + some(r, URL, 66) + "c",
    "heroku-key": lambda r: "HRKU-" + uuid(r),
    "hubspot-token": lambda r: "pat-" + r.choice(("na1", "eu1")) + "-" + uuid(r),
    "linear-key": lambda r: "lin_" + "api_" + some(r, B62, 40),
    "mapbox-token": lambda r: "sk.eyJ" + some(r, URL, 80) + "." + some(r, B62, 22),
    "netlify-token": lambda r: "nfp_" + some(r, B62, 40),
    "newrelic-key": lambda r: "NRAK-" + some(r, UP, 27),
    "notion-token": lambda r: "ntn_" + some(r, B62, 46),
    "planetscale-token": lambda r: "pscale_" + "tkn_" + some(r, URL, 42) + "d",
    "postman-key": lambda r: "PMAK-" + some(r, HEX, 24) + "-" + some(r, HEX, 34),
    "pulumi-token": lambda r: "pul-" + some(r, HEX, 40),
    "sentry-token": lambda r: "sntryu_" + some(r, HEX, 64),
    "shopify-token": lambda r: r.choice(("shpat_", "shpss_")) + some(r, HEX, 32),
    "square-token": lambda r: "sq0atp-" + some(r, URL, 21) + "e",
    "supabase-key": lambda r: "sbp_" + some(r, HEX, 40),
    "vercel-token": lambda r: "vcp_" + some(r, B62, 56),
    "buildkite-token": lambda r: "bkua_" + some(r, HEX, 40),
    "tailscale-key": lambda r: "tskey-" + "auth-" + some(r, B62, 12) + "CNTRL-" + some(r, B62, 32),
    "jwt": jwt,
}


# Places that say nothing of a secret: only the form of the token tells.
CONTEXTS: tuple[Callable[[str, Rng], str], ...] = (
    lambda v, r: f"$ curl -s https://api.example.com/v1/items -H 'X-Thing: {v}'",
    lambda v, r: f"docker run --rm -e SERVICE_X={v} registry.example.com/app:{r.randrange(9)}.2",
    lambda v, r: f"SETTING_{r.randrange(9)}={v}",
    lambda v, r: f'export SETTING="{v}" && make deploy',
    lambda v, r: f'{{"id": {r.randrange(999)}, "value": "{v}", "on": true}}',
    lambda v, r: json.dumps(json.dumps({"value": v})),
    lambda v, r: f"service:\n  setting: {v}\n  replicas: 3",
    lambda v, r: f'setting = "{v}"  # {r.choice(("prod", "stage"))}',
    lambda v, r: f"const client = new Client('{v}', {{retries: 3}});",
    lambda v, r: f"2026-11-0{r.randrange(1, 9)}T10:00:00Z INFO client started with {v} region=eu",
    lambda v, r: f"I put {v} into the settings for you.",
    lambda v, r: f"+    client = connect({v!r}, timeout={r.randrange(60)})",
    lambda v, r: f"grep -rn {v} src/ | head",
    lambda v, r: f"| prod | {v} | 2026-11-01 |",
)

# --- secrets known by their place

PlaceMaker = Callable[[Rng], tuple[str, str]]  # -> (text, secret)


def _place(make: Callable[[Rng], str], *templates: str) -> PlaceMaker:
    def line(rng: Rng) -> tuple[str, str]:
        secret = make(rng)
        text = rng.choice(templates)
        return text.replace("@@", secret).replace("%%", str(rng.randrange(1, 9))), secret

    return line


def _key(rng: Rng) -> str:
    return some(rng, rng.choice((B62, LOW, HEX)), rng.choice((24, 32, 40)))


def _mixed_key(rng: Rng) -> str:
    return some(rng, B62, rng.choice((24, 32, 40)))


def _basic(rng: Rng) -> str:
    return base64.b64encode(f"bob:{password(rng)}".encode()).decode()


def _url_password(rng: Rng) -> tuple[str, str]:
    secret = quote(password(rng), safe="")
    scheme = rng.choice(("postgres", "mysql", "redis", "amqp", "mongodb+srv", "https", "ftp"))
    line = rng.choice(
        ("DATABASE_URL={}", "psql {}", '"url": "{}"', "git remote set-url origin {}", "connecting to {} failed")
    )
    return line.format(f"{scheme}://app:{secret}@db.example.com/shop"), secret


def _pem_line(rng: Rng) -> tuple[str, str]:
    key = pem(rng)
    text = rng.choice(("{}", "$ cat id_key\n{}\n$ ls", "cat > key.pem <<'EOF'\n{}\nEOF"))
    if rng.random() < 0.4:
        return json.dumps({"type": "service_account", "private_key": key + "\n", "id": 3}), key.split("\n")[1]
    return text.format(key), key.split("\n")[1]


def _kubeconfig(rng: Rng) -> tuple[str, str]:
    secret = base64.b64encode(pem(rng).encode()).decode()
    return f"    client-certificate-data: LS0tLS1CRUdJTiBDRVJU\n    client-key-data: {secret}", secret


def _k8s_secret(rng: Rng) -> tuple[str, str]:
    secret = base64.b64encode(password(rng).encode()).decode()
    name = rng.choice(("password", "db", "smtp.conf", "api"))
    text = f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\ntype: Opaque\ndata:\n  {name}: {secret}\n"
    return text, secret


def _aws_file(rng: Rng) -> tuple[str, str]:
    secret = some(rng, B64, 40)
    line = rng.choice(
        ("[default]\naws_secret_access_key = {}", "export AWS_SECRET_ACCESS_KEY={}", '"SecretAccessKey": "{}"')
    )
    return line.format(secret), secret


PLACES: dict[str, PlaceMaker] = {
    "private-key": _pem_line,
    "kubeconfig": _kubeconfig,
    "kubernetes-secret": _k8s_secret,
    "aws-secret": _aws_file,
    "url-password": _url_password,
    "env-password": _place(
        password, "DB_PASSWORD=@@", "export PGPASSWORD=@@", "MYSQL_PWD='@@' mysqldump shop", "SMTP_PASS=@@"
    ),
    "env-token": _place(
        _key,
        "API_TOKEN=@@",
        'export STRIPE_API_KEY="@@"',
        "X_TOKEN=@@ ./deploy.sh",
        "docker run -e AUTH_SECRET=@@ app",
        "GH_PAT=@@",
    ),
    "env-key": _place(_mixed_key, "SERVICE_KEY=@@", "export MAIL_KEY='@@'", "PORTAL_AUTH=@@"),
    "json-password": _place(
        password, '{"user": "bob", "password": "@@"}', '{\\"password\\":\\"@@\\"}', '"passwd" : "@@",'
    ),
    "json-token": _place(
        _key, '{"token": "@@"}', '{"apiKey":"@@","x":1}', '{\\"access_token\\": \\"@@\\"}', '"client_secret": "@@"'
    ),
    "yaml": _place(
        password, "db:\n  password: @@", "password: '@@'", '  admin_password: "@@"', "redis:\n  passwd: @@ # old"
    ),
    "toml": _place(_key, 'api_key = "@@"', "secret_key = '@@'", 'token="@@"'),
    "source": _place(
        _key,
        "API_KEY = '@@'",
        'const apiKey = "@@";',
        'token: str = "@@"',
        'var authToken string = "@@"',
        'secret := "@@"',
        "os.environ['API_TOKEN'] = '@@'",
        'conf.set("api_key", "@@")',
        "'password' => '@@',",
        "define('AUTH_KEY', '@@');",
    ),
    "header-bearer": _place(
        _key, "curl -H 'Authorization: Bearer @@' http://h/", '"Authorization": "Bearer @@"', "authorization: token @@"
    ),
    "header-basic": _place(
        _basic,
        "curl -H 'Authorization: Basic @@' http://h/",
        '{"authorization":"Basic @@"}',
        "> Authorization: Basic @@",
    ),
    "header-key": _place(
        _key,
        "curl -H 'X-Api-Key: @@' http://h/",
        "Private-Token: @@",
        "X-Auth-Token: @@",
        "'x-api-key': '@@'",
        "DD-API-KEY: @@",
    ),
    "cookie": _place(
        _mixed_key,
        "Set-Cookie: session=@@; Path=/; HttpOnly",
        "curl -b x -H 'Cookie: lang=en; sid=@@'",
        "< set-cookie: _app_session=@@; secure",
    ),
    "url-key": _place(
        _mixed_key,
        "https://api.example.com/v1?api_key=@@&page=2",
        "GET /x?token=@@ HTTP/1.1",
        "https://h.example/c?sv=2022&sig=@@&se=1",
        "https://maps.example/js?key=@@",
    ),
    "signed-url": _place(
        lambda r: some(r, HEX, 64),
        "https://b.s3.amazonaws.com/o?X-Amz-Expires=60&X-Amz-Signature=@@",
        "https://storage.googleapis.com/b/o?X-Goog-Signature=@@",
    ),
    "flag-password": _place(
        password,
        "login --user bob --password @@",
        "app --password='@@' start",
        "vault-cli --db-password=@@",
        "import --passwd @@ a.csv",
    ),
    "flag-token": _place(
        _key,
        "gh-cli --token @@ pr list",
        "deploy --api-key=@@ --yes",
        "['run', '--auth-token', '@@']",
        "helm install --set auth.token=@@",
    ),
    "curl-user": _place(
        password,
        "curl -u admin:@@ http://localhost:9200/_cat",
        "curl -s --user 'bob:@@' https://h/x",
        "wget --no-check -q --user=bob:@@ http://h",
    ),
    "mysql": _place(password, "mysql -u root -p@@ shop -e 'select 1'", "mysqldump -h db -u app -p'@@' shop > a.sql"),
    "sshpass": _place(password, "sshpass -p @@ ssh bob@host uptime", "sshpass -p '@@' scp a bob@host:"),
    "redis-cli": _place(password, "redis-cli -h cache -a @@ ping", "redis-cli -a '@@' keys 'x*'"),
    "docker-login": _place(
        password, "docker login -u bob -p @@ reg.example.com", "helm registry login r.io -u bob -p '@@'"
    ),
    "openssl": _place(
        password, "openssl rsa -in k.pem -passin pass:@@", "openssl enc -aes-256-cbc -pass pass:@@ -in a"
    ),
    "netrc": _place(password, "machine api.example.com login bob password @@", "machine h\n  login bob\n  password @@"),
    "npmrc": _place(
        _key,
        "//registry.example.com/:_authToken=@@",
        "//r.example/:_password=@@",
        "npm config set //r.example/:_authToken @@",
    ),
    "pypirc": _place(
        _mixed_key, "[pypi]\nusername = __token__\npassword = @@", "[internal]\nusername: bob\npassword: @@"
    ),
    "pgpass": _place(password, "db.example.com:5432:shop:app:@@", "*:*:*:app:@@\nlocalhost:5432:x:y:$P"),
    "htpasswd": _place(lambda r: "$2y$10$" + some(r, B62 + "./", 53), "bob:@@", "echo 'bob:@@' >> .htpasswd"),
    "shadow": _place(
        lambda r: "$6$" + some(r, B62, 16) + "$" + some(r, B62 + "./", 86),
        "root:@@:19000:0:99999:7:::",
        "password_hash: @@",
    ),
    "sql": _place(
        password,
        "CREATE USER 'a'@'%' IDENTIFIED BY '@@';",
        "ALTER ROLE app WITH PASSWORD '@@';",
        "create user x with encrypted password '@@'",
    ),
    "connection-string": _place(
        password, "Server=db;Database=x;User Id=sa;Password=@@;Encrypt=true", "Host=h;Username=u;Pwd=@@;"
    ),
    "xml": _place(
        password,
        "<password>@@</password>",
        '<add key="DbPassword" value="@@"/>',
        "<server><id>r</id><password>@@</password></server>",
    ),
    "named-value": _place(
        _key,
        "- name: API_TOKEN\n  value: @@",
        '{"name": "CLIENT_SECRET", "value": "@@"}',
        'env:\n  - name: DB_PASSWORD\n    value: "@@"',
    ),
    "dockerfile": _place(_key, "ENV API_TOKEN @@", "ENV API_TOKEN=@@", "ARG NPM_TOKEN=@@"),
    "aws-beside": _place(
        lambda r: some(r, B64, 39) + "k",
        "Access key ID,Secret access key\nAKIA" + "IOSFODNN7EXAMPLE,@@",
        "ACCESSKEY\tAKIA" + "IOSFODNN7EXAMPLE\t2026-11-01T00:00:00+00:00\t@@\tActive\tbob",
        "AWS Access Key ID [None]: \nAWS Secret Access Key [None]: @@\nDefault region name [None]: ",
    ),
    "piped": _place(password, "echo @@ | gh secret set DB_PASSWORD", "printf '@@' | gh secret set X --repo a/b"),
    "keystore": _place(password, "keytool -list -storepass @@ -keystore a.jks", "jarsigner -keypass '@@' a.jar k"),
    "kubectl": _place(password, "kubectl create secret generic db --from-literal=user=bob --from-literal=a=@@"),
    "table": _place(_mixed_key, "| DB_PASSWORD | @@ |", "| `API_TOKEN` | `@@` | prod |"),
    "block": _place(_mixed_key, "password: >-\n  @@\nuser: bob", "api_token: |\n    @@"),
    "escaped": _place(
        _mixed_key,
        r'{"out": "a\npassword=@@\nb"}',
        r"x\u0026token=@@\u0026y",
        "\x1b[36mpassword\x1b[0m=\x1b[35m@@\x1b[0m",
    ),
    "told": _place(_mixed_key, "the password is @@", "Use this, the API key is `@@`.", "my token is @@, please deploy"),
    "properties": _place(password, "spring.datasource.password=@@", "db.password: @@", "mail.smtp.password = @@"),
}


def positives(seed: int = 7) -> list[Line]:
    """`PER_KIND` lines of every kind."""
    rng, lines = random.Random(seed), []
    for kind, make in TOKENS.items():
        for number in range(PER_KIND):
            secret = make(rng)
            whole = secret.rsplit("=", 1)[0] if "AccountKey" in secret else secret
            tail = whole.rsplit("AccountKey=", 1)[-1].rsplit("/services/", 1)[-1].rsplit("/webhooks/", 1)[-1]
            lines.append(Line(kind, CONTEXTS[number % len(CONTEXTS)](secret, rng), _tail(tail)))
    for kind, place in PLACES.items():
        for _ in range(PER_KIND):
            text, secret = place(rng)
            lines.append(Line(kind, text, secret))
    return lines


def _tail(secret: str) -> str:
    """The end of a secret: what must not be readable afterwards."""
    return secret.rstrip("=")[-16:]
