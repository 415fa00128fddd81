"""Secrets that are known by the place where they stand: after a name, in a header, a URL, a file (pure).

Examples are put together from pieces so that no scanner takes this file for a leak.
"""

from __future__ import annotations

import base64
import re

from agentjit.observe.secrets import takes as take
from agentjit.observe.secrets.entropy import is_digest, looks_random
from agentjit.observe.secrets.shape import Kind, listed, named, plain

_X = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA"  # 32 characters that look random
_STRONG = (
    r"(?i:pass(?:word|wd|phrase|code)|[_-]pass|pwd|\bpw|secret|token|credential|(?:api|access|private|signing|encryption"
    r"|account|auth|client|master|shared|storage|deploy|webhook|license|app|consumer|subscription|service|admin"
    r"|functions|gpg|ssh|stripe|openai|anthropic|fernet|aes|crypto|datadog|dd|newrelic|sendgrid|mailgun|fastly"
    r"|algolia|segment|cipher)[_-]?key)"
)
# A name goes on with a part of its own: `token_2`, `tokenValue`; not `tokens`, `tokenizer`.
_NAME = "(?:" + _STRONG + r"(?:[_0-9A-Z-][\w-]*)?|(?i:[_-]pat))"
_WEAK = r"(?i:key|fernet|psk|auth|sig|signature|hmac|jwt|salt|pat|creds|cookie)"
_TYPE = r":\s{0,2}&?(?:'static )?(?:str|string|String|Optional\[str\]|str \| None)\s{0,2}=\s{0,2}"
_COLOUR = r"(?:(?:\x1b|\\u001b|\\033)\[[0-9;]*m)?"  # as terminals show logs
_SEPARATOR = (
    r"(?:\\*[\"'`]\]?)?"
    + _COLOUR
    + r"(?:\s{0,3}(?:=>|:=|=|:)\s{0,3}"
    + _COLOUR
    + "|"
    + _TYPE
    + r"|\s{1,2}(?:string|\[\]byte)\s{1,2}=\s{1,2})"
)
_VALUE = r"([bBrRuUL]?\\*[\"'`][^\s\"'`\\][^\n]{3}|[^\s\"'`\\,;&|<>(){}\[\]$][^\s\"'`,;&|<>()\n]{3})"
_LONG = r"(\\*[\"'`]?[A-Za-z_./+=%-]{0,30}[0-9][A-Za-z0-9_./+=%-]{8})"  # a value with a digit


def _encoded(header: str) -> str:
    """What base64 of a PEM header begins with."""
    return re.escape(base64.b64encode(header.encode())[: len(header) // 3 * 4].decode())


_PEM = tuple(f"-----BEGIN {sort}PRIVATE KEY-----" for sort in ("", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED "))

PLACES: tuple[Kind, ...] = (
    Kind(
        "private-key",
        r"(-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----)|(Private-Lines: \d{1,3})",
        (
            "-----BEGIN RSA PRIVATE" + " KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN OPENSSH PRIVATE" + " KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA cut off",
            '"private_key": "-----BEGIN PRIVATE' + ' KEY-----\\nMIIEvQIBADANBgkqh\\n-----END PRIVATE KEY-----\\n"',
        ),
        (
            "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
            "-----BEGIN CERTIFICATE-----",
            "grep -l 'BEGIN RSA PRIVATE KEY' *",
        ),
        take.private_key,
    ),
    Kind(
        "private-key-base64",
        "(?:" + "|".join(sorted({_encoded(pem) for pem in _PEM})) + r")[A-Za-z0-9+/=]{16,}",
        ("client-key-data: " + base64.b64encode((_PEM[1] + "\nMIIEowIBAAKCAQEA1234").encode()).decode(),),
        ("certificate-authority-data: " + base64.b64encode(b"-----BEGIN CERTIFICATE-----\nMIIC").decode(),),
        lambda hit: [hit.group],
    ),
    Kind(
        "url-password",
        r"://[^\s/:@\"'<>]*:([^\s/@\"'<>]{2,})@",
        ("postgres://app:" + "hunter22@db:5432/app", "https://:" + "s3cr3t@host/"),
        ("https://host:8080/a@b", "https://user:$PASSWORD@host/", "see http://a.b/c:d", "https://user:password@host"),
        plain,
    ),
    Kind(
        "url-token",
        r"(?i)https?://([A-Za-z0-9_-]{20,})@[a-z0-9]",
        ("git clone https://" + _X + "@github.com/a/b.git",),
        ("https://user@host/", "https://continuous-integration@host/"),
        lambda hit: [hit.group] if is_digest(hit.text(hit.group)) or looks_random(hit.text(hit.group)) else [],
    ),
    Kind(
        "url-parameter",
        r"(?i)[?&](?:amp;)?([\w.-]*(?:key|token|secret|sig|signature|pass|password|passwd|pwd|auth|code|credential|session|sid|jwt|hmac))=([^\s&#\"'<>\\]{6,})",
        ("https://h/v1?api_key=" + _X[:20] + "&x=1", "https://a.blob.core.windows.net/c?sv=1&sig=" + _X + "%3D"),
        ("https://h/?key=home", "https://h/?token=$TOKEN", "?code=200", "https://h/?next_page_token=" + _X),
        take.parameter,
    ),
    Kind(
        "basic-auth",
        r"\b(?i:basic)\s{1,3}([A-Za-z0-9+/]+[0-9A-Z+/=][A-Za-z0-9+/]*={0,2})",
        ('curl -H "authorization: basic ' + 'dXNlcjpodW50ZXIyMg=="',),
        ("a basic introduction", "Basic realm"),
        take.basic,
    ),
    Kind(
        "authorization",
        r"(?i)(?:authorization\\*[\"']?\s{0,3}[:=,]\s{0,3}\\*[\"']?"
        r"(?:(?:bearer|token|apikey|api-key|ssws|bot|key|geniekey|private-token)[ =:]{1,3})?|bearer\s{1,3})"
        r"([A-Za-z0-9._~+/=|:-]{10,})",
        ("Authorization: Bearer " + _X[:20], "'Authorization': 'token " + _X[:20] + "'", "bearer " + _X),
        ("Authorization: Bearer $TOKEN", "authorization: required", "the bearer of this letter", "Bearer realm=api"),
        take.authorized,
    ),
    Kind(
        "aws-signature",
        r"\bSignature=([0-9a-f]{64})",
        ("Authorization: AWS4-HMAC-SHA256 SignedHeaders=host, Signature=" + "0123456789abcdef" * 4,),
        ("Signature=none",),
        lambda hit: [hit.group],
    ),
    Kind(
        "cookie",
        r"(?i)\bcookie\\*[\"']?\s{0,3}[:=]\s{0,3}\\*[\"']?([^\r\n\"'\\]{8,})",
        ("Set-Cookie: session=" + _X + "; Path=/; HttpOnly", "curl -H 'Cookie: lang=en; sid=" + _X[:20] + "'"),
        ("Set-Cookie: lang=en-GB; Path=/", "cookie: session=<value>", "cookie = response.cookies"),
        take.cookies,
    ),
    Kind(
        "curl-user",
        r"\b(?:curl|wget|https?\s|xh\s)[^\n|;&]*?\s(?:-u|--user|-a|--proxy-user)[ =]?"
        r"[\"']?[^\s:\"'$]{1,}:([^\s\"']{2,})",
        ("curl -s -u admin:" + "hunter22 http://localhost/", "curl --user='bob:" + "pa55w0rd'"),
        ("curl -u $USER:x http://h/", "curl -u bob:$PASS http://h/", "docker run -u 1000:1000 img"),
        plain,
    ),
    Kind(
        "cli-password",
        r"\b(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump)\b(?:[^\n|;&]*?\s(?:-u|-h|--user|--host)[^\n|;&]*?)?\s-p[\"']?([^\s\"'=-][^\s\"']{3,})"
        r"|\bsshpass\s+-p\s*[\"']?([^\s\"']{4,})|\bredis-cli\b[^\n|;&]*?\s-a\s+[\"']?([^\s\"']{4,})"
        r"|\b(?:docker|podman|helm|oc|az|skopeo|buildah)\b[^\n|;&]*?\blogin\b[^\n|;&]*?\s-p\s*[\"']?([^\s\"'-][^\s\"']{3,})"
        r"|\bpass:([^\s\"']{4,})|\bsmbclient\b[^\n|;&]*?\s-U\s*[\"']?[^\s%\"']+%([^\s\"']{4,})"
        r"|\bldap(?:search|modify|add|whoami)\b[^\n|;&]*?\s-w\s+[\"']?([^\s\"']{4,})"
        r"|\b(?:sqlcmd|zip|unzip)\b[^\n|;&]*?\s-P\s*[\"']?([^\s\"']{4,})|\b7za?\s[^\n|;&]*?\s-p[\"']?([^\s\"']{4,})"
        r"|\bssh-keygen\b[^\n|;&]*?\s-N\s+[\"']?([^\s\"']{4,})|\bhtpasswd\s+-\w*b\w*\s+\S+\s+\S+\s+[\"']?([^\s\"']{4,})"
        r"|\becho\s+[\"']?[\w.-]+:([^\s\"'|]{4,})[\"']?\s*\|\s*(?:sudo\s+)?chpasswd|\bsudo\s+-S\s*<<<\s*[\"']?([^\s\"']{4,})"
        r"|\b(?:echo|printf)\s+(?:-n\s+|%s\s+)?[\"']?([^\s\"'|]{6,})[\"']?\s*\|[^\n]*?(?:--(?:password|passphrase|token)-stdin"
        r"|--with-token\b|\bgh\s+secret\s+set\b|\bwrangler\s+secret\s+put\b)"
        r"|\s-(?:src|dest|new)?(?:store|key)pass\s+[\"']?([^\s\"'-][^\s\"']{3,})"
        r"|\bnet\s+user\s+\S+\s+([^\s/]{4,})\s+/add",
        (
            *(
                "mysql -u root -p" + "hunter22 shop",
                "sshpass -p " + "hunter22 ssh h",
                "redis-cli -a " + "hunter22 ping",
            ),
            *("docker login -u bob -p " + "hunter22 reg.io", "openssl rsa -passin pass:" + "hunter22"),
            *("echo " + "hunter22 | docker login --password-stdin", "echo bob:" + "hunter22 | chpasswd"),
            *("echo '" + "hunter22' | gh secret set DB", "keytool -list -storepass " + "hunter22 -keypass hunter23"),
        ),
        (
            "mysql -u root -p shop",
            "find / -name mysql -print0",
            "docker login -u bob --password-stdin",
            *("echo $TOKEN | gh secret set NPM", "echo finished | tee log", "keytool -storepass:env KS_PASS"),
            "sshpass -p $PASS ssh h",
            "mkdir -p a/b/c",
        ),
        plain,
    ),
    Kind(
        "flag",
        r"(?i)(?:^|[\s\"'\[])(--?[\w-]*" + _NAME + r")(?:=|[\"']?,?\s{1,2})((?:[\"'])?[^\s\"'$<-][^\s\"']{3})",
        ("login --password hunter22", "deploy --token=" + _X, '["--api-key", "' + _X + '"]'),
        (
            *(
                "login --password-stdin",
                "deploy --token $TOKEN",
                "app --secret --verbose",
                "--token string   the token",
            ),
            *("docker build --secret id=npm,src=.npmrc .", "--password PASSWORD"),
        ),
        take.flag,
        begins=True,
    ),
    Kind(
        "netrc",
        r"\bmachine\s+\S+\s+login\s+\S+\s+password\s+(\S{4,})",
        ("machine example.com login bob password " + "hunter22",),
        ("machine learning password", "machine example.com login bob"),
        plain,
    ),
    Kind(
        "pgpass",
        r"(?m)^[^\s:]+:(?:\*|5432|5433|6432|6543):[^\s:]+:[^\s:]+:([^\s:]{4,})$",
        ("db.example.com:5432:shop:app:" + "hunter22", "*:*:*:app:" + "hunter22"),
        ("src/a.py:12:3:error:foo1", "host:5432:db:user:"),
        plain,
    ),
    Kind(
        "password-hash",
        r"\$(?:2[abxy]\$\d\d\$[./A-Za-z0-9]{53}|(?:1|apr1)\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}"
        r"|[56]\$(?:rounds=\d{1,9}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{43,86}|y\$[./A-Za-z0-9]+\$[./A-Za-z0-9]+\$[./A-Za-z0-9]{43}"
        r"|argon2id?\$v=\d+\$[\w,=]+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]{16,})|\{SS?HA\}[A-Za-z0-9+/=]{28,}"
        r"|\bpbkdf2_sha\d+\$\d+\$[\w+/=]+\$[\w+/=]{40,}",
        ("bob:$2y$10$" + (_X + _X)[:53], "bob:$apr1$" + "r31Kp5Ab$" + _X[:22]),
        ("$1 $2 $5", "awk '{print $1$2}'", "$2y$10$short"),
        lambda hit: [hit.group],
    ),
    Kind(
        "sql-password",
        r"(?i)\b(?:identified\s+(?:with\s+\w+\s+)?by|(?:with|encrypted)\s+password|set\s+password[^'\n]{0,40}=)\s+\\?'([^'\\\n]{4,})",
        ("CREATE USER bob IDENTIFIED BY '" + "hunter22'", "ALTER ROLE app WITH PASSWORD '" + "hunter22';"),
        ("identified by name", "IDENTIFIED BY '<password>'", "WITH PASSWORD '$PGPASSWORD'"),
        plain,
    ),
    Kind(
        "xml-element",
        r"(?i)<([\w:.-]*" + _NAME + r"[:.]?)>([^<>\s]{4,})</",
        ("<password>" + "hunter22</password>", "<ApiKey>" + _X + "</ApiKey>"),
        ("<token>identifier</token>", "<password>${db.password}</password>", "<secretName>app1</secretName>"),
        take.element,
    ),
    Kind(
        "named-value",
        r"(?i)\\?[\"']?\b(?:name|key|variable|env)\\?[\"']?\s{0,3}[:=]\s{0,3}\\?[\"']?([\w.:-]*(?:"
        + _NAME
        + r"|(?i:_key|_auth|_sid)))\\?[\"']?\s*,?\s*\\?[\"']?value\\?[\"']?\s{0,3}[:=]\s{0,3}"
        + _VALUE,
        (
            "- name: DB_PASSWORD\n  value: " + "hunter22",
            '{"key": "API_TOKEN", "value": "' + _X + '"}',
            '<add key="ApiKey" value="' + _X + '"/>',
        ),
        (
            "- name: DB_PASSWORD\n  valueFrom: x",
            '{"name": "tokens", "value": "12345678"}',
            "- name: TOKEN_TTL\n  value: 3600s",
        ),
        named,
        begins=True,
    ),
    Kind(
        "declared-default",
        "(" + _NAME + r")[\"']\s*\{[^{}]{0,160}?\bdefault\s*=\s*" + _VALUE,
        ('variable "db_password" {\n  default = "' + 'hunter22"\n}',),
        ('variable "db_password" {\n  type = string\n}', 'variable "token_ttl" {\n  default = "3600s"\n}'),
        named,
        begins=True,
    ),
    Kind(
        "named-word",
        r"(?i)(?:\bENV|\bsetx|\bset -g?x|\b(?:configure|config|secret|vars?) set|\bsetenv)\s+(?:--?\w+\s+)?([\w./:-]*"
        + _NAME
        + r")(?:\s+(?:--?\w+\s+)?)"
        + _VALUE,
        (
            "ENV API_TOKEN " + _X,
            "npm config set //r.io/:_authToken " + _X,
            "aws configure set aws_secret_access_key " + _X + "ab1",
        ),
        ("ENV TOKEN_FILE /run/token1", "gh secret set NPM_TOKEN", "config set token $TOKEN"),
        listed,
        begins=True,
    ),
    Kind(
        "listed-value",
        r"(?i)[\"']([\w-]*" + _NAME + r")\\?[\"']\s{0,2},\s{0,2}(\\?[\"'][^\"'\n]{6})",
        ("define('DB_PASSWORD', '" + "hunter22');", 'setenv("API_TOKEN", "' + _X + '")'),
        ('("token", "expected")', '("--token", "-t1234")', "['password', 'username1']"),
        lambda hit: [span for span in listed(hit) if hit.text(hit.groups[0]).isupper() or looks_random(hit.text(span))],
        begins=True,
    ),
    Kind(
        "told",
        r"(?i)\b(?:password|passphrase|passwd|passcode|token|secret|api[ _-]?key)"
        r"\s+(?:(?:is|was|to|now|should be|set to)\s+){1,2}([\"'`]?[^\s\"'`<$]{6})",
        ("the password is " + "hunter22.", "set the API key to `" + _X[:16] + "`"),
        (
            "the password is required",
            "the token is base64-encoded",
            "the secret is in README.md",
            "token is 123456 bytes",
        ),
        take.told,
        begins=True,
    ),
    Kind(
        "kubernetes-secret",
        r"(?i)\bkind(?:\\*\")?:\s{0,3}(?:\\*\")?Secret\b",
        ("kind: Secret\nmetadata:\n  name: app\ndata:\n  db: " + "aHVudGVyMjI=",),
        (
            "kind: Secret",
            "kind: SecretStore\ndata:\n  db: " + "aHVudGVyMjI=",
            "kind: ConfigMap\ndata:\n  db: aHVudGVyMjI=",
        ),
        take.manifest,
    ),
    Kind(
        "literal",
        r"(?i)\bcreate\s+secret\s+generic\b",
        ("kubectl create secret generic db --from-literal=user=bob --from-literal=a='" + "hunter22'",),
        (
            "kubectl create configmap a --from-literal=a=hunter22",
            "kubectl create secret generic a --from-literal=a=$VALUE --from-file=b=hunter22",
        ),
        take.literals,
    ),
    Kind(
        "table-cell",
        r"(?:\||│) *[`*]{0,2}([\w.-]*" + _NAME + r")[`*]{0,2} *(?:\||│) *([\"'`]?[^\s\"'`|$<-][^\s\"'`|]{5})",
        ("| DB_PASSWORD | " + "hunter22 | prod |", "│ `api_key` │ `" + _X + "` │"),
        (
            "| DB_PASSWORD | the password |",
            "| password | string | at least 8 |",
            "| token | oauth2-like |",
            "| API_TOKEN | `$TOKEN1` |",
        ),
        take.cell,
        begins=True,
    ),
    Kind(
        "block-value",
        "(" + _NAME + r")[\"']?: *[>|][+-]?\d? *\r?\n[ \t]+([^\s\"'`\\,;&|<>(){}\[\]$#][^\s\"'`,;&|<>()]{3})",
        ("password: >-\n  " + "hunter22", "api_token: |\n    " + _X),
        ("password: >-\n  Use at least 8 letters", "token_help: |\n  hunter22", "password: |\n  $PASSWORD1"),
        take.block,
        begins=True,
    ),
    Kind(
        "secret-key",
        "(" + _NAME + ")" + _SEPARATOR + _VALUE,
        (
            *("DB_PASSWORD=hunter22", 'api_key: "' + _X[:12] + '"', '{"token": "abc' + 'def12"}', "password: hunter22"),
            *('password: str = "hunter22"', "X-Api-Key: " + _X[:20], "Server=db;User Id=sa;Password=" + "hunter22;"),
        ),
        (
            *("max_tokens=4096", "password=$PASSWORD", "password: string", "token=get_token()", "secretName: app-tls"),
            *("password = getpass.getpass()", "token_count=12345", "api_key=os.environ[0]", 'password="${PASSWORD}"'),
            *(
                "TOKEN_FILE=/run/token1",
                "token=REDACTED",
                "token=token",
                "nextPageToken: " + _X,
                "token: str | None = None",
            ),
        ),
        named,
        begins=True,
    ),
    Kind(
        "random-value",
        r"\b([\w-]*" + _WEAK + ")" + _SEPARATOR + _LONG,
        ('"key": "' + _X + '"', "MAIL_KEY=" + _X, "signature: " + "0123456789abcdef" * 4),
        (
            "key: deploy-to-production-now",
            "cache_key=deps-2024-01-aB3dE5gH",
            "key: " + "0123456789abcdef" * 2,
            "monkey: " + "a1" * 8,
        ),
        named,
        begins=True,
    ),
)
