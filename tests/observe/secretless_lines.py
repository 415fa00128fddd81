"""Lines of the hard sort: they look as if they had a secret and have none. Made by a seeded generator."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable

from tests.observe.secrets_labelled import B62, B64, HEX, Rng, some, uuid

NEGATIVES = 3_000
POD = "bcdfghjklmnpqrstvwxz2456789"  # what names of pods end in

Negative = Callable[[Rng], str]


def _word(rng: Rng) -> str:
    return rng.choice(
        ("user", "page", "order", "config", "render", "parse", "index", "cache", "state", "event", "query")
    )


def _camel(rng: Rng) -> str:
    return _word(rng) + _word(rng).capitalize() + rng.choice(("", "Id", "V2"))


def _image(rng: Rng) -> str:
    return base64.b64encode(rng.randbytes(rng.randrange(300, 900))).decode()


def _certificate(rng: Rng) -> str:
    return base64.b64encode(f"-----BEGIN CERTIFICATE-----{some(rng, B64, 90)}".encode()).decode()


NEGATIVE: tuple[Negative, ...] = (
    lambda r: f"commit {some(r, HEX, 40)}",
    lambda r: f"{some(r, HEX, 7)}..{some(r, HEX, 7)}  main -> origin/main",
    lambda r: f"git cherry-pick {some(r, HEX, 40)} # token handling",
    lambda r: f"index {some(r, HEX, 7)}..{some(r, HEX, 7)} 100644",
    lambda r: f'"session_id": "{uuid(r)}"',
    lambda r: f"request {uuid(r)} done in {r.randrange(900)} ms",
    lambda r: f"key: {uuid(r)}",
    lambda r: f"image: app@sha256:{some(r, HEX, 64)}",
    lambda r: f"Digest: sha256:{some(r, HEX, 64)}",
    lambda r: f'"key": "sha256:{some(r, HEX, 64)}"',
    lambda r: f"{some(r, HEX, 64)}  dist/app-{r.randrange(9)}.tar.gz",
    lambda r: f"{some(r, HEX, 32)}  backup.sql",
    lambda r: f'"integrity": "sha512-{some(r, B64, 86)}=="',
    lambda r: f"github.com/pkg/errors v0.9.1 h1:{some(r, B64, 43)}=",
    lambda r: f'    {{ url = "https://files.example/a.whl", hash = "sha256:{some(r, HEX, 64)}" }},',
    lambda r: f"cache-key: deps-{some(r, HEX, 64)}",
    lambda r: f"pod/web-{some(r, POD, 10)}-{some(r, POD, 5)}   1/1   Running",
    lambda r: f"kubectl logs api-{some(r, 'bcdf2456789', 9)}-{some(r, 'bcdfgz24', 5)} -n prod --tail=200",
    lambda r: f"/Users/bob/src/{_word(r)}/token_store/{_camel(r)}.py:{r.randrange(400)}: def {_word(r)}_token(self):",
    lambda r: f"src/auth/password_{_word(r)}.ts",
    lambda r: f"data:image/png;base64,{_image(r)}",
    lambda r: f'<img src="data:image/jpeg;base64,{_image(r)}">',
    lambda r: f"2026-11-{r.randrange(10, 30)}T10:{r.randrange(10, 60)}:00.{r.randrange(999)}Z INFO token refreshed",
    lambda r: (
        f"version: {r.randrange(9)}.{r.randrange(20)}.{r.randrange(9)}-rc.{r.randrange(9)}+build.{r.randrange(9999)}"
    ),
    lambda r: f"max_tokens={r.randrange(99999)}, total_tokens: {r.randrange(99999)}, token_count = {r.randrange(9999)}",
    lambda r: f'"usage": {{"input_tokens": {r.randrange(99999)}, "output_tokens": {r.randrange(9999)}}}',
    lambda r: '<input type="hidden" name="csrf_token" value="">',
    lambda r: '<label for="password">Password</label> <input id="password" type="password" name="user[password]">',
    lambda r: f"PASS: Test{_camel(r).capitalize()}TokenExpiry{r.randrange(99)} (0.{r.randrange(99)}s)",
    lambda r: f"tests/auth/test_tokens.py::test_{_word(r)}_password_{r.randrange(99)} PASSED",
    lambda r: f'token = os.environ["{_word(r).upper()}_TOKEN"]',
    lambda r: f"const token = process.env.{_word(r).upper()}_TOKEN;",
    lambda r: f'password := os.Getenv("{_word(r).upper()}_PASSWORD")',
    lambda r: f"api_key = settings.{_word(r)}_api_key",
    lambda r: f"secret=config.get('{_word(r)}_secret'),",
    lambda r: f"token = get_{_word(r)}_token(request, timeout={r.randrange(60)})",
    lambda r: f"this.accessToken = response.data.{_camel(r)}.accessToken;",
    lambda r: f"password={_word(r)}_password, token={_word(r)}_token",
    lambda r: f"private readonly token: {_camel(r).capitalize()}Token;",
    lambda r: "def login(user: str, password: str, token: str | None = None) -> Session:",
    lambda r: f"func New(token string, secret []byte, n int) *{_camel(r).capitalize()} {{",
    lambda r: (
        f"curl -H 'Authorization: Bearer ${{{_word(r).upper()}_TOKEN}}' http://localhost:{r.randrange(3000, 9000)}/x"
    ),
    lambda r: f'curl -H "Authorization: Bearer $TOKEN" https://api.example.com/{_word(r)}',
    lambda r: f"export API_TOKEN=<your-{_word(r)}-token>",
    lambda r: "OPENAI_API_KEY=sk-your-api-key-here",
    lambda r: f"API_KEY={'x' * r.randrange(8, 40)}",
    lambda r: "password: ********",
    lambda r: "token: REDACTED",
    lambda r: f'"apiKey": "YOUR_API_KEY_{_word(r).upper()}"',
    lambda r: "ANTHROPIC_API_KEY=your-api-key-here",
    lambda r: f"ghp_{'x' * 36}",
    lambda r: "AWS_SECRET_ACCESS_KEY=${{ secrets.AWS_SECRET_ACCESS_KEY }}",
    lambda r: f"password: {{{{ .Values.{_word(r)}.password }}}}",
    lambda r: f"secretKeyRef: {{name: {_word(r)}-secrets, key: {_word(r)}-token}}",
    lambda r: f"kubectl create secret generic {_word(r)}-creds --from-file=token=./token.txt",
    lambda r: f"secretName: {_word(r)}-tls-{r.randrange(9)}",
    lambda r: f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{some(r, B64, 43)} bob@laptop",
    lambda r: f"ssh-rsa AAAAB3NzaC1yc2E{some(r, B64, 350)}== bob@laptop",
    lambda r: f"-----BEGIN CERTIFICATE-----\n{some(r, B64, 64)}\n{some(r, B64, 64)}\n-----END CERTIFICATE-----",
    lambda r: f"-----BEGIN PUBLIC KEY-----\n{some(r, B64, 64)}\n-----END PUBLIC KEY-----",
    lambda r: f"    certificate-authority-data: {_certificate(r)}",
    lambda r: f"pk_live_{some(r, B62, 24)}",
    lambda r: f'"nextPageToken": "{some(r, B62, 40)}"',
    lambda r: f"--continuation-token {some(r, B62, 32)}",
    lambda r: f'<li key={{item.{_camel(r)}}} className="{_word(r)}-{r.randrange(99)}">',
    lambda r: f'{{"key": "{_word(r)}.{_word(r)}.title", "value": "The {_word(r)} token"}}',
    lambda r: f"primary_key={_word(r)}_{r.randrange(999)}, foreign_key='{_word(r)}_id'",
    lambda r: f"aws s3 cp s3://bucket/{_word(r)}/key={r.randrange(99999)}/part-{r.randrange(99999):05d}.parquet .",
    lambda r: f'{{"toolu": "toolu_{some(r, B62, 24)}", "message": "msg_{some(r, B62, 24)}"}}',
    lambda r: f"req_{some(r, B62, 24)} finished with status {r.randrange(200, 500)}",
    lambda r: f"arn:aws:secretsmanager:eu-west-1:{r.randrange(10**11, 10**12)}:secret:{_word(r)}-{some(r, B62, 6)}",
    lambda r: f"mysql -u root -p {_word(r)}; mkdir -p build/{_word(r)}; cp -p a b",
    lambda r: f"docker run -u {r.randrange(1000, 9999)}:{r.randrange(1000, 9999)} -p 8080:80 {_word(r)}",
    lambda r: f"app --token-file /run/secrets/{_word(r)} --secret id=npm,src=.npmrc --password-stdin",
    lambda r: f"The password is required and the token is base64-encoded ({_word(r)}).",
    lambda r: f"// the secret is read by {_camel(r)}() in {_word(r)}.ts:{r.randrange(300)}",
    lambda r: f"error TS2339: Property 'token' does not exist on type '{_camel(r).capitalize()}Props'.",
    lambda r: f"SyntaxError: Unexpected token '<', \"<!DOCTYPE {_word(r)}\" is not valid JSON",
    lambda r: f"{{type: 'Punctuator', token: '{_word(r)}', start: {r.randrange(999)}}}",
    lambda r: f"grep -rn 'password\\|secret\\|api_key' src/{_word(r)} | wc -l",
    lambda r: f"https://github.com/acme/{_word(r)}/blob/{some(r, HEX, 40)}/src/token.ts#L{r.randrange(99)}",
    lambda r: f"https://app.example.com/{_word(r)}?key={_word(r)}&sig=none&page={r.randrange(99)}",
    lambda r: f'ETag: "{some(r, HEX, 32)}"',
    lambda r: f"at {_camel(r)} (webpack:///./src/{_word(r)}.js?{some(r, HEX, 4)}:{r.randrange(99)}:{r.randrange(99)})",
    lambda r: f'sessionID := "2026-01-{r.randrange(10, 28)}-test-{_word(r)}-session"',
    lambda r: f"ses_{some(r, HEX, 12)}{some(r, B62, 14)}",
    lambda r: f"keyboard_layout={_word(r)}_{r.randrange(99)}; monkey=true; keyframes: {_word(r)}",
    lambda r: f"password_hash_algorithm=argon2id; token_ttl=3600s; secret_rotation_days={r.randrange(99)}",
    lambda r: f"{r.randrange(10**9, 10**10)}:{r.randrange(10**9)}:AA-{_word(r)}",
    lambda r: f"Basic {_word(r).capitalize()}Usage and bearer {_word(r)} of this letter",
    lambda r: f"Set-Cookie: lang=en-GB; theme={_word(r)}; Path=/; Max-Age={r.randrange(99999)}",
)


def negatives(seed: int = 11) -> list[str]:
    """At least `NEGATIVES` lines, each template as often as any other."""
    rng = random.Random(seed)
    return [NEGATIVE[number % len(NEGATIVE)](rng) for number in range(NEGATIVES)]
