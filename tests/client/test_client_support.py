"""The instruments of the end-to-end tests, tried on the real client: if these are wrong, the proofs prove nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentjit.home import Home
from tests.support.model import Bash, ModelRequest, Results, ScriptedModel, Steps, by_prompt, call, events_of, say
from tests.support.session import ClaudeHome, ScriptFailed, TmuxClient
from tests.support.world import CheckedRepo, FakeKubectl, Pod, RestServer

CHECKOUT = Path(__file__).resolve().parents[2]


def greet(name: str) -> Steps:
    """One command, its output is the answer."""
    seen = yield Bash(f"echo hello {name}")
    return f"It said: {seen.text}"


def hook(folder: Path, event: str, body: str) -> dict[str, Any]:
    """Settings with one shell hook; its standard input is kept in `folder/payload`."""
    program = folder / f"{event}.sh"
    program.write_text(f"#!/bin/sh\ncat >> {folder}/payload\n{body}\n")
    program.chmod(0o755)
    return {"hooks": {event: [{"hooks": [{"type": "command", "command": str(program)}]}]}}


def answering(folder: Path, text: str) -> dict[str, Any]:
    (folder / "answer.json").write_text(json.dumps({"continue": False, "stopReason": text}))
    return hook(folder, "UserPromptSubmit", f"cat {folder}/answer.json")


# --- the real client in print mode


def test_a_tool_call_runs_and_the_model_sees_its_output(
    claude: Callable[..., ClaudeHome], model: ScriptedModel
) -> None:
    model.script = by_prompt((r"greet (?P<name>\w+)", greet))
    run = claude().run("greet alice")
    assert (run.result, run.exit_code, run.num_turns, len(run.requests)) == ("It said: hello alice", 0, 2, 2)
    assert run.requests[1].results[0].text == "hello alice"
    assert (run.hook_errors, run.stderr, model.side_requests) == ((), "", [])


def test_a_prompt_answered_by_a_hook_costs_no_request(
    claude: Callable[..., ClaudeHome], model: ScriptedModel, tmp_path: Path
) -> None:
    run = claude().run("is web healthy?", settings=answering(tmp_path, "all is well\nsecond line"))
    assert run.result == "Operation stopped by hook: all is well\nsecond line"
    assert (run.num_turns, run.requests, model.side_requests, run.exit_code) == (0, (), [], 0)
    payload = json.loads((tmp_path / "payload").read_text())
    assert payload["prompt"] == "is web healthy?"
    assert payload["session_id"] == run.session_id


def test_a_resumed_session_tells_the_new_prompt_from_the_answered_one(
    claude: Callable[..., ClaudeHome], model: ScriptedModel, tmp_path: Path
) -> None:
    model.script = by_prompt((r"greet (?P<name>\w+)", greet))
    here = claude()
    first = here.run("is web healthy?", settings=answering(tmp_path, "all is well"))
    second = here.run("greet bob", resume=first.session_id)
    assert second.session_id == first.session_id
    assert second.result == "It said: hello bob"
    assert [request.prompt for request in second.requests] == ["greet bob", "greet bob"]
    assert "all is well" in second.requests[0].context
    third = here.run("greet carol", resume=first.session_id)
    assert (third.result, len(third.requests)) == ("It said: hello carol", 2)


def test_parallel_calls_and_failures_reach_the_workflow(
    claude: Callable[..., ClaudeHome], model: ScriptedModel
) -> None:
    def checks() -> Steps:
        good, bad = yield Bash("echo fine"), Bash("echo broken; exit 3")
        last = yield Bash("true")
        return f"{good.text}|{good.is_error}|{bad.text}|{bad.is_error}|{last.text}"

    model.script = by_prompt((r"check", checks))
    run = claude().run("check")
    assert run.result == "fine|False|Exit code 3\nbroken|True|(Bash completed with no output)"
    assert len(run.requests) == 3


def test_a_failing_hook_is_reported_in_hook_errors(
    claude: Callable[..., ClaudeHome], model: ScriptedModel, tmp_path: Path
) -> None:
    model.script = by_prompt((r"greet (?P<name>\w+)", greet))
    here = claude()
    for event in ("UserPromptSubmit", "PostToolUse", "SessionEnd"):
        run = here.run("greet alice", settings=hook(tmp_path, event, "echo 'out of order' >&2; exit 1"))
        assert run.result == "It said: hello alice"
        assert any(event in error and "out of order" in error for error in run.hook_errors), (event, run.hook_errors)


def test_a_hook_that_prints_no_json_is_reported_too(
    claude: Callable[..., ClaudeHome], model: ScriptedModel, tmp_path: Path
) -> None:
    model.script = by_prompt((r"greet (?P<name>\w+)", greet))
    run = claude().run("greet alice", settings=hook(tmp_path, "UserPromptSubmit", "echo '{\"continue\": fal'"))
    assert (run.result, len(run.hook_errors)) == ("It said: hello alice", 1)


def test_nothing_of_the_caller_is_inherited_but_path(
    claude: Callable[..., ClaudeHome], model: ScriptedModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AJ_LEAK", "leaked")
    model.script = by_prompt((r"env", lambda: _output_of("echo $HOME $AJ_HOME ${AJ_LEAK:-clean} ${EXTRA:-}")))
    here = claude()
    run = here.run("env", extra_env={"EXTRA": "given"})
    assert run.result == f"{here.home} {here.aj} clean given"


def _output_of(command: str) -> Steps:
    seen = yield Bash(command)
    return seen.text


def test_a_failing_script_fails_the_test(claude: Callable[..., ClaudeHome], model: ScriptedModel) -> None:
    def broken(request: ModelRequest) -> Any:
        raise ValueError(f"no idea about {request.prompt}")

    model.script = broken
    with pytest.raises(ScriptFailed, match="no idea about hello"):
        claude().run("hello")


def test_the_transcript_is_found(claude: Callable[..., ClaudeHome], model: ScriptedModel) -> None:
    here = claude()
    run = here.run("hello")
    assert "hello" in here.transcript(run.session_id).read_text()


def test_a_plugin_of_a_folder_is_loaded(
    claude: Callable[..., ClaudeHome], model: ScriptedModel, tmp_path: Path
) -> None:
    model.script = by_prompt((r"greet (?P<name>\w+)", greet))
    plugin = tmp_path / "plugin"
    (plugin / ".claude-plugin").mkdir(parents=True)
    (plugin / ".claude-plugin" / "plugin.json").write_text(json.dumps({"name": "sample"}))
    (plugin / "hooks").mkdir()
    (plugin / "hooks" / "hooks.json").write_text(json.dumps(hook(tmp_path, "PostToolUse", "exit 0")))
    here = claude()
    assert here.cli("plugin", "validate", str(plugin)).returncode == 0
    run = here.run("greet alice", plugin_dir=plugin)
    assert (run.result, run.hook_errors) == ("It said: hello alice", ())
    payload = json.loads((tmp_path / "payload").read_text())
    assert (payload["tool_input"]["command"], payload["tool_response"]["stdout"]) == ("echo hello alice", "hello alice")


# --- the screen


@pytest.mark.skipif(not TmuxClient.available(), reason="tmux is not installed")
def test_the_screen_shows_an_answer_of_the_hook_and_then_one_of_the_model(
    claude: Callable[..., ClaudeHome], model: ScriptedModel, tmp_path: Path
) -> None:
    model.script = by_prompt((r"greet (?P<name>\w+)", greet))
    settings = answering(tmp_path, "all is well\n\x1b[2mdim line\x1b[22m")
    program = tmp_path / "UserPromptSubmit.sh"
    program.write_text(f"#!/bin/sh\ngrep -q healthy && cat {tmp_path}/answer.json\nexit 0\n")
    with TmuxClient(claude(), settings=settings, permission_mode="bypassPermissions") as screen:
        screen.type("is web healthy?")
        assert "Operation stopped by hook: all is well" in screen.wait("dim line")
        assert "\x1b[2m" in next(line for line in screen.screen(escapes=True).splitlines() if "dim line" in line)
        assert model.requests == []
        screen.type("greet alice")
        screen.wait("It said: hello alice")
    assert len(model.requests) == 2


# --- the model alone


def _request(*messages: dict[str, Any]) -> ModelRequest:
    return ModelRequest("/v1/messages", {"messages": list(messages), "tools": [{"name": "Bash"}]})


def test_the_prompt_is_the_last_text_that_is_no_reminder() -> None:
    blocks = ["<system-reminder>\nX\n</system-reminder>\n", "old\n", "Operation stopped by hook: done", "new one"]
    request = _request({"role": "user", "content": [{"type": "text", "text": text} for text in blocks]})
    assert (request.prompt, request.rounds) == ("new one", ())
    assert _request({"role": "user", "content": "<system-reminder>X</system-reminder>"}).prompt == ""


def test_only_results_since_the_prompt_count() -> None:
    def results(id: str, content: Any, failed: bool = False) -> dict[str, Any]:
        block = {"type": "tool_result", "tool_use_id": id, "content": content, "is_error": failed}
        return {"role": "user", "content": [block]}

    use = {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "Bash", "input": {}}]}
    request = _request(
        {"role": "user", "content": "one"},
        use,
        results("t1", "first"),
        {"role": "user", "content": "two"},
        use,
        results("t2", [{"type": "text", "text": "second"}], failed=True),
    )
    assert request.prompt == "two"
    assert [(one.text, one.is_error) for one in request.results] == [("second", True)]
    assert isinstance(request.rounds[0], Results)


def test_results_of_an_interrupted_turn_belong_to_the_prompt_before() -> None:
    request = _request(
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "Bash", "input": {}}]},
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t", "content": "late"},
                {"type": "text", "text": "[Request interrupted by user for tool use]"},
                {"type": "text", "text": "two"},
            ],
        },
    )
    assert (request.prompt, request.rounds) == ("two", ())


def test_plain_and_streamed_answers_say_the_same() -> None:
    model = ScriptedModel(lambda request: call(Bash("ls"), Bash("pwd"), text="Looking."))
    with model:
        body = {"messages": [{"role": "user", "content": "hi"}], "tools": [{"name": "Bash"}], "model": "m"}
        plain = json.loads(_post(model, body))
        stream = _post(model, {**body, "stream": True})
    data = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: ")]
    blocks = [one["content_block"]["type"] for one in data if one["type"] == "content_block_start"]
    assert blocks == [block["type"] for block in plain["content"]] == ["text", "tool_use", "tool_use"]
    sent = [one["delta"]["partial_json"] for one in data if one["type"] == "content_block_delta" and one["index"]]
    assert [json.loads(text)["command"] for text in sent] == ["ls", "pwd"]
    ids = [block["id"] for block in plain["content"][1:]]
    assert len(set(ids)) == 2
    assert all(id.startswith("toolu_") for id in ids)
    assert [name for name, _ in events_of(plain)][-2:] == ["message_delta", "message_stop"]


def test_requests_without_tools_are_counted_apart() -> None:
    with ScriptedModel(lambda request: say("main")) as model:
        _post(model, {"messages": [{"role": "user", "content": "name this"}]})
        count = json.loads(_post(model, {"messages": []}, "/v1/messages/count_tokens"))
    assert (len(model.requests), len(model.side_requests)) == (0, 1)
    assert count["input_tokens"] > 0


def _post(model: ScriptedModel, body: dict[str, Any], path: str = "/v1/messages") -> str:
    request = urllib.request.Request(model.url + path, json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())


# --- the worlds


def _run(*argv: str, cwd: Path | None = None) -> tuple[int, str, str]:
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_kubectl_looks_like_kubectl(tmp_path: Path) -> None:
    world = FakeKubectl(tmp_path)
    kubectl = str(world.bin / "kubectl")
    world.namespace(
        "prod", Pod("web-1"), Pod("api-77", "CrashLoopBackOff", "0/1", "12 (2m ago)", log="one\ntwo\nthree\n")
    )
    assert _run(kubectl, "get", "pods", "-n", "prod")[1] == (
        "NAME     READY   STATUS             RESTARTS      AGE\n"
        "web-1    1/1     Running            0             3d2h\n"
        "api-77   0/1     CrashLoopBackOff   12 (2m ago)   3d2h\n"
    )
    assert _run(kubectl, "logs", "api-77", "-n", "prod", "--tail=2") == (0, "two\nthree\n", "")
    assert _run(kubectl, "get", "pods", "-n", "none") == (0, "", "No resources found in none namespace.\n")
    assert _run(kubectl, "logs", "gone", "-n", "prod") == (
        1,
        "",
        'Error from server (NotFound): pods "gone" not found\n',
    )
    assert [words[0] for words in world.calls] == ["get", "logs", "get", "logs"]


def test_kubectl_drifts(tmp_path: Path) -> None:
    world = FakeKubectl(tmp_path)
    kubectl = str(world.bin / "kubectl")
    world.namespace("prod", Pod("web-1"))
    world.shape("wide")
    assert _run(kubectl, "get", "pods", "-n", "prod")[1].split()[:3] == ["NAME", "NODE", "ZONE"]
    world.shape("renamed")
    assert _run(kubectl, "get", "pods", "-n", "prod")[1].split()[:3] == ["POD", "HEALTHY", "STATE"]
    world.fail("get", "no route to host")
    assert _run(kubectl, "get", "pods") == (1, "", "no route to host\n")


def test_the_rest_server_looks_up_and_drifts() -> None:
    def get(path: str) -> Any:
        return json.loads(_run("curl", "-s", server.url + path)[1])

    with RestServer() as server:
        server.add("alice", "u-1042", {"id": "o-1", "total": 12})
        assert get("/users?name=alice") == {"items": [{"id": "u-1042", "name": "alice"}]}
        assert get("/users/u-1042/orders") == {"orders": [{"id": "o-1", "total": 12}]}
        assert get("/users?name=bob") == {"items": []}
        server.missing_id = True
        assert get("/users?name=alice") == {"items": [{"name": "alice"}]}
        server.down = True
        assert _run("curl", "-sf", server.url + "/users?name=alice")[0] == 22
    assert server.requests[:2] == ["/users?name=alice", "/users/u-1042/orders"]


def test_the_repository_is_checked(tmp_path: Path) -> None:
    repo = CheckedRepo(tmp_path / "repo")
    assert _run("./bin/check-style", cwd=repo.root) == (0, "style: 2 files, 0 problems\n", "")
    assert _run("./bin/unit-tests", cwd=repo.root)[1].endswith("unit: 3 tests, 0 failed\n")
    assert _run("git", "status", "--porcelain", cwd=repo.root) == (0, "", "")
    repo.break_style()
    repo.break_tests()
    assert _run("./bin/check-style", cwd=repo.root)[:2] == (
        1,
        "src/app.py: trailing blanks\nstyle: 2 files, 1 problems\n",
    )
    assert _run("./bin/unit-tests", cwd=repo.root)[0] == 1
    repo.break_tests(False)
    assert _run("./bin/unit-tests", cwd=repo.root)[0] == 0
    assert repo.calls == ["check-style", "unit-tests", "check-style", "unit-tests", "unit-tests"]


# --- the guard


def test_each_test_has_a_home_of_its_own(home: Home) -> None:
    assert os.environ["AJ_HOME"] == home.root
    assert os.path.isdir(home.spool)
    assert not os.listdir(os.environ["HOME"])


_SINS = {
    "reads": "open(REAL + '/.claude.json').close()",
    "swallows": "\ntry:\n  os.mkdir(REAL + '/.aj')\nexcept Exception: pass",
    "lists": "os.listdir(REAL + '/.claude')",
    "writes": "pathlib.Path(REAL, '.codex', 'x').write_text('x')",
    "renames": "os.rename(__file__, REAL + '/.claude/x')",
    "starts": "subprocess.run(['/bin/true', 'claude'], env={'HOME': REAL})",
    "homeless": "subprocess.run([sys.executable, '-m', 'agentjit.cli'], env={})",
}
_FINE = {
    "own": "os.mkdir(os.environ['HOME'] + '/.aj'); open(REAL + '/other').close(); open(REAL + '/.claudette').close()",
    "starts": "subprocess.run(['/bin/true', 'claude'], env={'HOME': os.environ['HOME']}, check=True)",
}


def _pytest(folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """The tests of `folder` under this conftest, in a process of their own."""
    argv = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "-rA", "-q"]
    return subprocess.run(
        [*argv, "--rootdir", str(folder), "-c", os.devnull, "test_them.py"],
        cwd=folder,
        env={"PYTHONPATH": str(CHECKOUT), **env},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("required", "ending"), [("", "1 skipped"), ("1", "1 error")])
def test_where_npm_is_missing_client_tests_skip_or_fail(tmp_path: Path, required: str, ending: str) -> None:
    (tmp_path / "test_them.py").write_text("def test_it(client_path):\n  pass\n")
    env = {"AJ_CLIENT_CACHE": str(tmp_path / "cache"), "AJ_REQUIRE_CLIENT": required, "PATH": str(tmp_path)}
    done = _pytest(tmp_path, HOME=str(tmp_path / "real"), **env)
    assert ending in done.stdout.splitlines()[-1], done.stdout
    assert "npm is not installed" in done.stdout


def test_the_guard_fails_tests_that_touch_the_real_home(tmp_path: Path) -> None:
    real = tmp_path / "real"
    for folder in (".claude", ".codex"):
        (real / folder).mkdir(parents=True)
    for name in (".claude.json", "other", ".claudette"):
        (real / name).write_text("{}")
    sins = [f"def test_sin_{name}():\n  {code.replace(chr(10), chr(10) + '  ')}\n" for name, code in _SINS.items()]
    fine = [f"def test_fine_{name}():\n  {code}\n" for name, code in _FINE.items()]
    head = f"import os, pathlib, subprocess, sys\nREAL = {str(real)!r}\n"
    (tmp_path / "test_them.py").write_text(head + "\n".join(sins + fine))
    done = _pytest(tmp_path, HOME=str(real), PATH=os.environ["PATH"])
    lines = done.stdout.splitlines()
    ends = {tuple(line.split(" - ")[0].split("::test_")) for line in lines if "::test_" in line}
    wanted = {("ERROR test_them.py", f"sin_{name}") for name in _SINS}
    assert wanted <= ends, done.stdout
    assert {end for end in ends if "fine_" in end[1]} == {("PASSED test_them.py", f"fine_{name}") for name in _FINE}
    assert sorted(os.listdir(real)) == [".claude", ".claude.json", ".claudette", ".codex", "other"]
    assert os.listdir(real / ".codex") == []
