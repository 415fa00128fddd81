"""A cluster in a file: `kubectl` as far as the tests need it. Arguments: state file, log file, then kubectl's own."""

from __future__ import annotations

import json
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn


def table(rows: list[list[str]]) -> str:
    """Columns as wide as their widest cell and three blanks, the last one as it is, like kubectl's printer."""
    widths = [max(len(row[column]) for row in rows) + 3 for column in range(len(rows[0]))]
    lines = ("".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(lines)


def not_found(kind: str, name: str) -> NoReturn:
    sys.exit(f'Error from server (NotFound): {kind} "{name}" not found')


def pods_table(pods: list[dict[str, str]], shape: str) -> str:
    header = ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    rows = [[pod[column.lower()] for column in header] for pod in pods]
    if shape == "wide":
        header[1:1] = ["NODE", "ZONE"]
        rows = [[row[0], "node-7", "eu-1", *row[1:]] for row in rows]
    elif shape == "renamed":
        header = ["POD", "HEALTHY", "STATE", "FAILURES", "SINCE"]
        rows = [[row[0], row[1], {"CrashLoopBackOff": "Crashing"}.get(row[2], row[2]), *row[3:]] for row in rows]
    return table([header, *rows])


def get(state: dict[str, Any], words: list[str], namespace: str) -> str:
    if words[0] in ("ns", "namespaces"):
        return table([["NAME", "STATUS", "AGE"], *([name, "Active", "90d"] for name in state["namespaces"])])
    pods = state["namespaces"].get(namespace, [])
    if words[1:]:
        pods = [pod for pod in pods if pod["name"] in words[1:]]
        if not pods:
            not_found("pods", words[1])
    if not pods:
        print(f"No resources found in {namespace} namespace.", file=sys.stderr)
        return ""
    return pods_table(pods, state["shape"])


def one_pod(state: dict[str, Any], name: str, namespace: str) -> dict[str, Any]:
    if namespace not in state["namespaces"]:
        not_found("namespaces", namespace)
    found: list[dict[str, Any]] = [
        pod for pod in state["namespaces"][namespace] if pod["name"] == name.removeprefix("pod/")
    ]
    return found[0] if found else not_found("pods", name)


def options(arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    """Words, and options with their values (`-n X`, `--tail=N`, `--tail N`)."""
    words: list[str] = []
    found: dict[str, str] = {}
    rest = iter(arguments)
    for word in rest:
        if word.startswith("--") and "=" in word:
            name, _, value = word.partition("=")
            found[name] = value
        elif word in ("-n", "--namespace", "--tail", "-o"):
            found[word] = next(rest, "")
        elif word.startswith("-"):
            found[word] = ""
        else:
            words.append(word)
    return words, found


def main(state_file: str, log_file: str, *arguments: str) -> None:
    with open(log_file, "a") as log:
        log.write(json.dumps(arguments) + "\n")
    with open(state_file) as file:
        state = json.load(file)
    words, found = options(list(arguments))
    namespace = found.get("-n") or found.get("--namespace") or "default"
    verb = words[0] if words else ""
    if message := state["fail"].get(verb):
        sys.exit(message)
    if verb == "get" and words[1:] and words[1] in ("pods", "pod", "po", "ns", "namespaces"):
        text = get(state, words[1:], namespace)
    elif verb == "logs" and words[1:]:
        lines = one_pod(state, words[1], namespace)["log"].splitlines()
        text = "\n".join(lines[-int(found["--tail"]) :] if "--tail" in found else lines)
    elif verb == "describe" and words[2:]:
        pod = one_pod(state, words[2], namespace)
        text = f"Name:       {pod['name']}\nNamespace:  {namespace}\nStatus:     {pod['status']}"
    else:
        sys.exit(f'error: unknown command "{" ".join(words)}" for "kubectl"')
    if text:
        print(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
