"""The pinned real Claude Code for the tests: found in the checkout's cache, or installed there with npm.

Run as a command (`python -m tests.support.client`) it installs the client and prints its path. AJ_CLIENT_CACHE names
another folder than `.cache`, so that several checkouts can share one copy (it is large).
"""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

VERSION = "2.1.329"
CHECKOUT = Path(__file__).resolve().parents[2]
_CPUS = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


class NoClient(Exception):
    """The client cannot be had here; the message is the reason."""


def package() -> str:
    """The npm package that holds the native client for this machine."""
    system, machine = sys.platform, platform.machine().lower()
    if system not in ("linux", "darwin") or machine not in _CPUS:
        raise NoClient(f"no native Claude Code is published for {system} on {machine}")
    musl = "-musl" if system == "linux" and not platform.libc_ver()[0] else ""
    return f"@anthropic-ai/claude-code-{system}-{_CPUS[machine]}{musl}"


def cache_folder(env: Mapping[str, str]) -> Path:
    return Path(env.get("AJ_CLIENT_CACHE") or CHECKOUT / ".cache") / f"claude-{VERSION}"


def install(cache: Path) -> Path:
    """Path of the client, `<cache>/claude`, installed first if it is not there. Raises `NoClient`."""
    client = cache / "claude"
    if client.exists():
        return client
    with _lock(cache.parent / f"{cache.name}.lock"):
        if not client.exists():
            cache.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=cache.parent) as scratch:
                _verify(fetched := _fetch(Path(scratch)))
                # Last and in one step: whoever sees the file sees all of it.
                fetched.rename(client)
    return client


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Several test workers start at once and one of them installs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _fetch(scratch: Path) -> Path:
    """Pack the npm package into `scratch`, and unpack the program."""
    npm = shutil.which("npm")
    if npm is None:
        raise NoClient("npm is not installed")
    name = f"{package()}@{VERSION}"
    # npm's own cache would keep a second copy of a very large file for ever.
    argv = [npm, "pack", name, "--pack-destination", str(scratch), "--cache", str(scratch / "npm"), "--silent"]
    try:
        done = subprocess.run(argv, cwd=scratch, capture_output=True, text=True, timeout=900, check=False)
    except subprocess.TimeoutExpired as late:
        raise NoClient(f"npm pack {name} took longer than {late.timeout:.0f} s") from late
    archives = list(scratch.glob("*.tgz"))
    if done.returncode != 0 or not archives:
        raise NoClient(f"npm pack {name} failed: {(done.stderr or done.stdout).strip()[-500:]}")
    return _unpack(archives[0], scratch / "claude")


def _unpack(archive_file: Path, target: Path) -> Path:
    with tarfile.open(archive_file) as archive:
        program = archive.extractfile("package/claude")
        if program is None:
            raise NoClient(f"{archive_file.name} holds no program")
        with target.open("wb") as file:
            shutil.copyfileobj(program, file, 1 << 20)
    return target


def _verify(client: Path) -> None:
    """A download that does not run is no client."""
    client.chmod(0o755)
    with tempfile.TemporaryDirectory() as home:
        env = {"HOME": home, "PATH": os.defpath}
        done = subprocess.run([client, "--version"], env=env, capture_output=True, text=True, timeout=60, check=False)
    if VERSION not in done.stdout:
        raise NoClient(f"the installed client does not run: {(done.stdout + done.stderr).strip()[-500:]}")


def main() -> int:
    try:
        print(install(cache_folder(os.environ)))
    except NoClient as reason:
        print(f"Claude Code {VERSION} could not be installed: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
