"""Tokens that are known by their own form, wherever they stand: the prefixes that vendors document (pure).

Examples are put together from pieces so that no scanner takes this file for a leak.
"""

from __future__ import annotations

from agentjit.observe.secrets.shape import Hit, Kind, Span, Take, fixed, shape
from agentjit.observe.secrets.takes import aws_secret

_X = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA"  # 32 characters that look random
_XX = _X + "bC4eF6hJ8kL0nP2qR3sT5uV7wX9yZ1aB"
_HEX = "0f1e2d3c4b5a69788796a5b4c3d2e1f0" * 2
_UP = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L" * 2
_LOW = "q7z2x9w4v8u3t6s1r5p0n4m7k2j9h6g3" * 2
_UUID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"


def _row(name: str, pattern: str, examples: tuple[str, ...], near: tuple[str, ...] = (), take: Take = shape) -> Kind:
    return Kind(name, pattern, examples, near or (examples[0][: len(examples[0]) // 3],), take, by_form=True)


def _length(*lengths: int) -> Take:
    def take(hit: Hit) -> list[Span]:
        return next((spans for length in lengths if (spans := fixed(length)(hit))), [])

    return take


TOKENS: tuple[Kind, ...] = (
    _row(
        "aws-key",
        r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b",
        ("AKIA" + "IOSFODNN7EXAMPLE", "id=ASIA" + "Y34FZKBOKMUTVV7A"),
        ("AKIA", "AKIA" + "iosfodnn7example", "XAKIA" + "IOSFODNN7EXAMPLE"),
        lambda hit: [hit.group],
    ),
    _row(
        "aws-secret",
        r"(?i)(?:aws_?secret(?:_?access)?_?key|secret_?access_?key)\\?[\"']?\]?\s{0,3}[:=,]\s{0,3}\\?[\"']?([a-z0-9/+]{40})",
        ("aws_secret_access_key = " + "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYzzZZpLeKEY",),
        ("aws_secret_access_key = $AWS_SECRET", "commit " + _HEX[:40]),
    ),
    _row(
        "aws-secret-beside",
        r"\b((?:AKIA|ASIA)[A-Z2-7]{16})\b|((?i:secret[ _-]?access[ _-]?key))",
        (
            "AKIA" + "IOSFODNN7EXAMPLE," + "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYzzZZpLeKEY",
            "ACCESSKEY\tAKIA" + "IOSFODNN7EXAMPLE\t2026-01-01T00:00:00\t" + _X + "/bC4eF6h\tActive",
            "AWS Secret Access Key [None]: " + "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYzzZZpLeKEY",
            "ASIA" + "Y34FZKBOKMUTVV7A\\t" + _X + "+bC4eF6h\\n",
        ),
        (
            "AWS Secret Access Key [None]: ",
            "secret access key of " + _HEX[:40],
            "rotate the secret access key " + "x" * 121 + _X + "bC4eF6h1",
            "the secret access key is in /home/somebody/configuration/of/app1/a",
            _X + "bC4eF6h1",
        ),
        aws_secret,
    ),
    _row("aws-session", r"\b(?:IQoJb3JpZ2lu|FwoGZXIvYXdz|FQoGZXIvYXdz)[A-Za-z0-9+/=%]{40,}", ("IQoJb3JpZ2lu" + _XX,)),
    _row("aws-bedrock", r"\bABSK[A-Za-z0-9+/]{60,}={0,2}", ("ABSK" + _XX + _X,)),
    _row(
        "github-token",
        r"\b(?:gh[pousr]_[A-Za-z0-9][A-Za-z0-9_.-]{35,}|github_pat_[A-Za-z0-9_]{60,})",
        ("ghp_" + _X + "abcd", "github_pat_" + _X + "_" + _X),
        ("ghp_short", "github_pat_", "ghx_" + _X + "abcd", "ghp_" + "x" * 36),
    ),
    _row(
        "gitlab-token",
        r"\b(?:gl(?:pat|ptt|dt|rt|rtr|cbt|ft|soat|imt|agent|ffct|wt)-[\w-]{20,}(?:\.[\w.-]{4,})?|GR1348941[\w-]{20,})",
        ("glpat-" + _X[:20], "glrt-" + _X[:24], "glpat-" + _X[:27] + ".01.0w" + "1a2b3c4"),
        ("glpat-", "glpat-short", "gulpat-" + _X[:20]),
    ),
    _row(
        "slack-token",
        r"\b(?:xox[abcdeoprs](?:\.xox[bp])?|xapp)-[A-Za-z0-9%+/=-]{10,}",
        ("xoxb-" + "123456789012-" + _X[:24], "xapp-" + "1-A012-" + _X[:20]),
        ("xoxb-", "xoxq-" + "123456789012-" + _X[:24]),
    ),
    _row(
        "slack-webhook",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9_/+-]{20,})",
        ("https://hooks.slack.com/services/" + "T00000000/B00000000/" + _X[:24],),
        ("https://hooks.slack.com/", "https://docs.slack.com/services/about"),
    ),
    _row(
        "stripe-key",
        r"\b(?:[sr]k_(?:live|test|prod)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/=]{24,})",
        ("sk_" + "live_" + _X[:24], "whsec_" + _X),
        ("pk_" + "live_" + _X[:24], "sk_test_", "task_live_"),
    ),
    _row(
        "google-api-key",
        r"\bAIza[\w-]{35,}",
        ("AIza" + _X + "b-_",),
        ("AIza" + _X[:20], "AIza" + _XX),
        fixed(39),
    ),
    _row(
        "google-oauth",
        r"\b(?:ya29\.[\w.-]{20,}|GOCSPX-[\w-]{20,}|1//0[\w-]{40,})",
        ("ya29." + _X, "GOCSPX-" + _X[:28], "1//0" + _XX),
        ("ya29.", "gocspx-" + _X[:28], "1//0a"),
    ),
    _row(
        "anthropic-key",
        r"\bsk-ant-[\w-]{20,}",
        ("sk-ant-" + "api03-" + _X + _X,),
        ("sk-ant-", "risk-ant-" + "hill", "sk-ant-" + "api03-your-key-here-xxxxx"),
    ),
    _row(
        "openai-key",
        r"\bsk-(?:(?:proj|svcacct|admin|None|service)-[\w-]{40,}|[A-Za-z0-9]{32,})",
        ("sk-" + "proj-" + _X + _X, "sk-" + _X + _X[:16]),
        ("sk-learn", "sk-proj-notes", "task-" + _X[:20]),
    ),
    _row("openrouter-key", r"\bsk-or-v1-[0-9a-f]{64}\b", ("sk-or-" + "v1-" + _HEX,)),
    _row("langfuse-key", r"\bsk-lf-[0-9a-f-]{36}\b", ("sk-lf-" + _UUID,)),
    _row(
        "langsmith-key",
        r"\blsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}\b",
        ("lsv2_" + "pt_" + _HEX[:32] + "_" + _HEX[:10],),
    ),
    _row("groq-key", r"\bgsk_[A-Za-z0-9]{40,}", ("gsk_" + _XX[:52],)),
    _row("perplexity-key", r"\bpplx-[A-Za-z0-9]{40,}", ("pplx-" + _XX[:48],)),
    _row("replicate-token", r"\br8_[A-Za-z0-9]{37}\b", ("r8_" + _XX[:37],)),
    _row("xai-key", r"\bxai-[A-Za-z0-9]{60,}", ("xai-" + _XX + _X[:16],)),
    _row("cerebras-key", r"\bcsk-[a-z0-9]{40,}", ("csk-" + _LOW[:48],)),
    _row("nvidia-key", r"\bnvapi-[\w-]{50,}", ("nvapi-" + _XX,)),
    _row("pinecone-key", r"\bpcsk_[A-Za-z0-9_]{40,}", ("pcsk_" + _X[:6] + "_" + _XX[:60],)),
    _row("tavily-key", r"\btvly-(?:dev-|prod-)?[A-Za-z0-9]{28,}", ("tvly-" + "dev-" + _X,)),
    _row("wandb-key", r"\bwandb_v1_\w{40,}", ("wandb_" + "v1_" + _XX,)),
    _row(
        "huggingface-token",
        r"\b(?:hf|api_org)_[A-Za-z0-9]{34}\b",
        ("hf_" + _X + "ab",),
        ("hf_hub_download", "hf_" + _X[:20]),
    ),
    _row("npm-token", r"\bnpm_[A-Za-z0-9]{36}\b", ("npm_" + _X + "abcd",), ("npm_config_cache", "npm_" + _X)),
    _row("pypi-token", r"\bpypi-AgE[\w-]{50,}", ("pypi-AgE" + _XX,), ("pypi-AgE", "pypi-server")),
    _row("rubygems-key", r"\brubygems_[0-9a-f]{48}\b", ("rubygems_" + _HEX[:48],)),
    _row("nuget-key", r"\boy2[a-z0-9]{43}\b", ("oy2" + _LOW[:43],)),
    _row("crates-token", r"\bcio[A-Za-z0-9]{32}\b", ("cio" + _X,), ("cioAbc", "ratio" + _X)),
    _row("clojars-token", r"\bCLOJARS_[0-9a-f]{60}\b", ("CLOJARS_" + _HEX[:60],)),
    _row("docker-token", r"\bdckr_(?:pat|oat)_[\w-]{27,}", ("dckr_" + "pat_" + _X[:27],)),
    _row(
        "digitalocean-token",
        r"\bdo[opr]_v1_[a-f0-9]{64}\b",
        ("dop_v1_" + _HEX,),
        ("dop_v1_" + _HEX[:32], "dox_v1_" + _HEX),
    ),
    _row(
        "sendgrid-key",
        r"\bSG\.[\w-]{22}\.[\w-]{43,}",
        ("SG." + _X[:22] + "." + _XX[:43],),
        ("SG.UTF-8", "msg.body.text"),
        fixed(69),
    ),
    _row(
        "mailgun-key",
        r"\bkey-[0-9a-f]{32}\b|\b[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}\b",
        ("key-" + _HEX[:32],),
        ("key-value-store", "key-" + _HEX[:20]),
    ),
    _row("mailchimp-key", r"\b[0-9a-f]{32}-us\d{1,2}\b", (_HEX[:32] + "-us14",), (_HEX[:32], "eu-us14")),
    _row("brevo-key", r"\bxkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}\b", ("xkeysib-" + _HEX + "-" + _X[:16],)),
    _row("twilio-key", r"\bSK[0-9a-f]{32}\b", ("SK" + _HEX[:32],), ("SK" + _HEX[:20], "AC" + _HEX[:32], "SK" + _X)),
    _row(
        "telegram-token",
        r"\b\d{8,10}:AA[\w-]{33,}",
        ("123456789:" + "AA" + _X + "b",),
        ("12:AA:BB:CC", "123456789:" + "AB" + _X + "b"),
        _length(44, 45, 46),
    ),
    _row(
        "discord-token",
        r"\b[MNO][A-Za-z0-9_-]{23,27}\.[\w-]{6}\.[\w-]{27,40}",
        ("MTA" + _X[:23] + "." + "GhIjKl." + _XX[:38],),
    ),
    _row(
        "discord-webhook",
        r"discord(?:app)?\.com/api/webhooks/\d{15,20}/([\w-]{40,})",
        ("https://discord.com/api/webhooks/" + "123456789012345678/" + _XX,),
        ("https://discord.com/api/webhooks/", "https://discord.com/developers/docs"),
    ),
    _row(
        "age-key",
        r"\bAGE-SECRET-KEY-1[A-Z0-9]{58}\b",
        ("AGE-SECRET-KEY-1" + _UP[:58],),
        ("AGE-SECRET-KEY-1", "age1" + _X),
    ),
    _row(
        "azure-key",
        r"(?i)(?:AccountKey|SharedAccessKey)\\?[\"']?\s{0,2}[=:]\s{0,2}\\?[\"']?([a-z0-9+/]{40,}={0,2})",
        ("DefaultEndpointsProtocol=https;AccountKey=" + _XX + "==",),
        ("AccountKey=", "AccountKey=$KEY"),
    ),
    _row(
        "azure-client-secret",
        r"\b[A-Za-z0-9_.~-]{3}[78]Q~[A-Za-z0-9_.~-]{31,34}",
        ("aB3" + "8Q~" + _X[:17] + "~" + _X[:15] + ".",),
        ("78Q~", "aB38Q~short"),
    ),
    _row("azure-devops-token", r"\b[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}\b", (_XX + _X[:12] + "AZDO" + "a1B2",)),
    _row("atlassian-token", r"\bATATT3[\w=-]{60,}|\bATCTT3[\w=-]{60,}", ("ATATT3" + _XX + _X + "=0A1B2C3D",)),
    _row("bitbucket-password", r"\bATBB[A-Za-z0-9]{32}\b", ("ATBB" + _X,)),
    _row("asana-token", r"\b[12]/\d{13,17}(?:/\d{13,17})?:[0-9a-f]{32}\b", ("1/" + "1200000000000001:" + _HEX[:32],)),
    _row("airtable-token", r"\bpat[A-Za-z0-9]{14}\.[0-9a-f]{64}\b", ("pat" + _X[:14] + "." + _HEX,)),
    _row(
        "cloudflare-token",
        r"\bcf(?:k|ut|at)_[A-Za-z0-9_-]{40,}|\bv1\.0-[0-9a-f]{24}-[0-9a-f]{140,}",
        ("cfut_" + _XX[:48],),
    ),
    _row(
        "circleci-token", r"\bCCI(?:PAT|PRJ)_[A-Za-z0-9]{16,}_[0-9a-f]{40}\b", ("CCIPAT_" + _X[:22] + "_" + _HEX[:40],)
    ),
    _row("databricks-token", r"\bdapi[0-9a-f]{32}(?:-\d)?\b", ("dapi" + _HEX[:32],)),
    _row(
        "doppler-token",
        r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.(?:[\w-]{2,35}\.)?[A-Za-z0-9]{40,}",
        ("dp.pt." + _XX[:43], "dp.st.prd." + _XX[:43]),
    ),
    _row("dropbox-token", r"\bsl\.(?:u\.)?[\w-]{100,}", ("sl." + _XX + _XX + "-_",)),
    _row("dynatrace-token", r"\bdt0[a-z]\d{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}\b", ("dt0c01." + _UP[:24] + "." + _UP,)),
    _row("figma-token", r"\bfig[dou]_[\w-]{38,}", ("figd_" + _XX[:40],)),
    _row("fly-token", r"\b(?:fm[12][ar]?_[A-Za-z0-9+/=,_]{60,}|fo1_[\w-]{43,})", ("fm2_" + _XX + _X,)),
    _row(
        "grafana-token",
        r"\bglsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}\b|\bglc_[A-Za-z0-9+/]{32,}={0,2}",
        ("glsa_" + _X + "_" + _HEX[:8], "glc_" + _XX),
    ),
    _row("vault-token", r"\bhv[sbr]\.[\w-]{24,}", ("hvs." + _X,)),
    _row("terraform-token", r"\b[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,}", (_X[:14] + ".atlasv1." + _XX,)),
    _row("heroku-key", r"\bHRKU-[\w-]{36,}", ("HRKU-" + _UUID, "HRKU-AA" + _XX[:58])),
    _row(
        "hubspot-token",
        r"\bpat-(?:na|eu|ap)\d-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
        ("pat-" + "na1-" + _UUID,),
    ),
    _row("linear-key", r"\blin_(?:api|oauth)_[A-Za-z0-9]{40,}", ("lin_" + "api_" + _XX[:40],)),
    _row(
        "mapbox-token", r"\bsk\.eyJ[\w-]{40,}\.[\w-]{20,}", ("sk.eyJ" + _XX + "." + _X[:22],), ("pk.eyJ" + _X, "sk.eyJ")
    ),
    _row("netlify-token", r"\bnfp_[A-Za-z0-9]{36,}", ("nfp_" + _XX[:40],)),
    _row(
        "newrelic-key",
        r"\bNRAK-[A-Z0-9]{27}\b|\bNRII-[\w-]{32}|\b[0-9a-f]{36}NRAL\b|\bNRRA-[0-9a-f]{42}\b",
        ("NRAK-" + _UP[:27],),
    ),
    _row(
        "notion-token",
        r"\bntn_[A-Za-z0-9]{40,}|\bsecret_[A-Za-z0-9]{43}\b",
        ("ntn_" + _XX[:46], "secret_" + _XX[:43]),
        ("secret_name", "ntn_" + _X[:10]),
    ),
    _row("okta-token", r"(?i)\bssws\s+(00[\w-]{40})", ("Authorization: SSWS " + "00" + _XX[:40],)),
    _row("planetscale-token", r"\bpscale_(?:tkn|pw|oauth)_[\w.-]{32,}", ("pscale_" + "tkn_" + _XX[:43],)),
    _row("postman-key", r"\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}\b", ("PMAK-" + _HEX[:24] + "-" + _HEX[:34],)),
    _row("pulumi-token", r"\bpul-[0-9a-f]{40}\b", ("pul-" + _HEX[:40],)),
    _row(
        "sentry-token", r"\bsntrys_[A-Za-z0-9+/=_]{60,}|\bsntryu_[0-9a-f]{64}\b", ("sntryu_" + _HEX, "sntrys_eyJ" + _XX)
    ),
    _row("shopify-token", r"\bshp(?:at|ss|ca|pa|ua)_[0-9a-fA-F]{32}\b", ("shpat_" + _HEX[:32],)),
    _row(
        "square-token",
        r"\bsq0(?:atp|csp|idp)-[\w-]{22,}|\bEAAA[\w-]{60}\b",
        ("sq0atp-" + _X[:22], "sq0csp-" + _XX[:43]),
    ),
    _row("supabase-key", r"\bsbp_[0-9a-f]{40}\b|\bsb_secret_[\w-]{20,}", ("sbp_" + _HEX[:40], "sb_" + "secret_" + _X)),
    _row(
        "vercel-token",
        r"\bvc[aciprk]{1}_[A-Za-z0-9]{40,}|\bvercel_blob_rw_\w{30,}",
        ("vcp_" + _XX[:56], "vercel_" + "blob_rw_" + _XX[:40]),
    ),
    _row("buildkite-token", r"\bbk(?:ua|at)_[0-9a-f]{40}\b", ("bkua_" + _HEX[:40],)),
    _row(
        "tailscale-key",
        r"\btskey-(?:auth|api|client|scim|webhook)-[A-Za-z0-9]{8,}-[A-Za-z0-9]{20,}",
        ("tskey-" + "auth-" + _X[:12] + "-" + _XX[:32],),
    ),
    _row("facebook-token", r"\bEAA[A-Z][A-Za-z0-9]{80,}", ("EAAB" + _XX + _X,)),
    _row("posthog-key", r"\bph[xr]_[A-Za-z0-9]{40,}", ("phx_" + _XX[:44],), ("phc_" + _XX[:44], "phx_")),
    _row("contentful-token", r"\bCFPAT-[\w-]{43}", ("CFPAT-" + _XX[:43],)),
    _row("easypost-key", r"\bEZ[AT]K[A-Za-z0-9]{54}\b", ("EZAK" + _XX[:54],)),
    _row(
        "sourcegraph-token", r"\bsgp_(?:[0-9a-f]{16}_|local_)?[0-9a-f]{40}\b", ("sgp_" + _HEX[:16] + "_" + _HEX[:40],)
    ),
    _row("onepassword-token", r"\bops_eyJ[\w=-]{200,}", ("ops_eyJ" + _XX * 4,)),
    _row("alibaba-key", r"\bLTAI[A-Za-z0-9]{16,20}\b", ("LTAI" + "5t" + _X[:18],)),
    _row("prefect-key", r"\bpn[ub]_[A-Za-z0-9]{36}\b", ("pnu_" + _X + "abcd",)),
    _row("typeform-token", r"\btfp_[\w-]{40,}", ("tfp_" + _XX[:44],)),
    _row("adafruit-key", r"\baio_[A-Za-z0-9]{28}\b", ("aio_" + _X[:28],)),
    _row("artifactory-key", r"\bAKCp[A-Za-z0-9]{60,}", ("AKCp" + _XX + _X[:5],)),
    _row(
        "jwt",
        r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}",
        ("eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0." + _X,),
        ("eyJhbGciOiJIUzI1NiJ9", "eyJ.eyJ.x"),
    ),
)
