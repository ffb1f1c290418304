"""What scripts/bench.py does before it shows anything: index, locks, measuring, arguments."""

from __future__ import annotations

import http.client
import json
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from benchmark import cli, measure, plans
from benchmark.contestants import CONTESTANTS
from benchmark.index import Distance, Index
from benchmark.locks import Lock, Release, Variant, choose, entry_of, moved
from benchmark.measure import BenchError, Files
from support.wheels import Release as Made
from support.wheels import Wheel, sha256

LOCK = """\
[[package]]
name = "alpha"
version = "1.0"
files = [
    {file = "alpha-1.0-py3-none-any.whl", hash = "sha256:aa"},
]

[package.dependencies]
bravo = "*"

[[package]]
name = "bravo"
version = "1.0"
files = [
    {file = "bravo-1.0-py3-none-any.whl", hash = "sha256:bb"},
]

[metadata]
lock-version = "2.1"
"""

PYPROJECT = """\
[project]
name = "acme-app"
version = "0.1.0"
readme = "README.md"

[dependency-groups]
dev = ["bravo"]
docs = ["bravo"]

[tool.poetry.group.docs]
optional = true
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "acme"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(PYPROJECT, "utf-8")
    (folder / "poetry.lock").write_text(LOCK, "utf-8")
    return folder


class TestMeasuring:
    def test_a_run_is_all_its_steps(self, tmp_path: Path) -> None:
        busy = "sum(range(3_000_000)); big = b'x' * (60 << 20)"
        steps = [(sys.executable, "-c", busy), (sys.executable, "-c", "print('done')")]
        usage = measure.measure(steps, {}, tmp_path, tmp_path / "log.txt")
        assert len(usage.steps) == 2
        assert usage.wall == sum(usage.steps)
        assert usage.cpu > 0
        assert 60 << 20 < usage.memory < 600 << 20
        assert (tmp_path / "log.txt").read_text("utf-8") == "done\n"

    def test_the_memory_of_whoever_measures_is_not_in_it(self, tmp_path: Path) -> None:
        mine = bytes(200 << 20)
        usage = measure.measure([("/bin/true",)], {}, tmp_path, tmp_path / "log.txt")
        assert usage.memory < 60 << 20 < len(mine)

    def test_the_first_failure_ends_it(self, tmp_path: Path) -> None:
        failing = (sys.executable, "-c", "import sys; sys.exit('out of luck')")
        never = (sys.executable, "-c", "open('never', 'w')")
        with pytest.raises(BenchError, match="out of luck"):
            measure.measure([failing, never], {}, tmp_path, tmp_path / "log.txt")
        assert not (tmp_path / "never").exists()

    def test_phases_are_read_from_the_last_line(self) -> None:
        said = "install  3 packages\ndone in 1.6 s (read 0.1, uv venv 0.5, Poetry 1.0)\n"
        assert measure.phases(said) == {"read": 0.1, "uv venv": 0.5, "Poetry": 1.0}
        assert measure.phases("done in 0.0 s ()\n") == {}
        assert measure.phases("Installing alpha") == {}

    def test_written_are_new_and_changed_files_once(self, tmp_path: Path) -> None:
        for name, size in (("kept", 10), ("changed", 20), ("gone", 40)):
            (tmp_path / name).write_bytes(bytes(size))
        before = Files.below(tmp_path)
        (tmp_path / "gone").unlink()
        (tmp_path / "changed").write_bytes(bytes(21))
        (tmp_path / "sub").mkdir()
        (tmp_path / "sub" / "new").write_bytes(bytes(100))
        (tmp_path / "linked").hardlink_to(tmp_path / "sub" / "new")
        (tmp_path / "link").symlink_to("new")
        assert Files.below(tmp_path).written_since(before) == 121


class TestIndex:
    WHEEL = Wheel(Made("acme.lib", "1.0", requires_python=">=3.8"))

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        (tmp_path / self.WHEEL.filename).write_bytes(self.WHEEL.content)
        return tmp_path

    def get(self, index: Index, path: str, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(urlsplit(index.url).netloc)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content

    def test_pages_name_all_locked_files(self, folder: Path) -> None:
        digest, other = f"sha256:{sha256(self.WHEEL.content)}", "acme_lib-1.0-cp311-none-win32.whl"
        locked = [("acme.lib", self.WHEEL.filename, digest), ("acme-lib", other, "sha256:00")]
        with Index(Distance()) as index:
            index.offer(folder, locked)
            accept = "application/vnd.pypi.simple.v1+json, text/html;q=0.1"
            _, page = self.get(index, "/simple/acme-lib/", Accept=accept)
            _, text = self.get(index, "/simple/acme-lib/")
            assert self.get(index, f"/files/{self.WHEEL.filename}") == (200, self.WHEEL.content)
            metadata = self.get(index, f"/files/{other}.metadata")
            assert self.get(index, f"/files/{other}")[0] == 404
            assert self.get(index, "/simple/nobody/")[0] == 404
            traffic = index.traffic
        files = json.loads(page)["files"]
        assert [each["filename"] for each in files] == [self.WHEEL.filename, other]
        assert files[0]["hashes"] == {"sha256": sha256(self.WHEEL.content)}
        assert files[0]["requires-python"] == ">=3.8"
        assert text.count(b"<a href=") == 2
        assert metadata == (200, self.WHEEL.metadata.encode())
        assert traffic.requests == {"page": 2, "file": 1, "metadata": 1, "missing": 2}
        sizes = (page, text, self.WHEEL.content, metadata[1])
        assert traffic.sent == sum(map(len, sizes))

    def test_what_is_known_is_not_sent_again(self, folder: Path) -> None:
        with Index(Distance()) as index:
            index.offer(folder, ())
            before = index.traffic
            connection = http.client.HTTPConnection(urlsplit(index.url).netloc)
            connection.request("GET", "/simple/acme-lib/")
            answer = connection.getresponse()
            answer.read()
            known = {"If-None-Match": str(answer.headers["ETag"])}
            connection.request("GET", "/simple/acme-lib/", headers=known)
            again = connection.getresponse()
            assert (again.status, again.read()) == (304, b"")
            connection.close()
            assert index.traffic.since(before).requests == {"page": 2}

    def test_it_is_as_far_away_as_is_said(self, folder: Path) -> None:
        slow = Distance(latency=0.05, bandwidth=len(self.WHEEL.content) * 8 / 0.1)
        with Index(slow) as index:
            index.offer(folder, ())
            usage = measure.measure(
                [(sys.executable, "-c", _FETCH, f"{index.url}/../files/{self.WHEEL.filename}")],
                {},
                folder,
                folder / "log.txt",
            )
            assert usage.wall > 0.15


_FETCH = "import sys, urllib.request as r; r.urlopen(sys.argv[1].replace('simple/../', '')).read()"


class TestLocks:
    def test_a_light_package_moves_alone(self) -> None:
        release = Release("bravo", "2.0", (("bravo-2.0-py3-none-any.whl", "sha256:cc"),))
        before, after = tomllib.loads(LOCK), tomllib.loads(moved(LOCK, release))
        assert after["package"][0] == before["package"][0]
        assert after["package"][1] == {
            "name": "bravo",
            "version": "2.0",
            "files": [{"file": "bravo-2.0-py3-none-any.whl", "hash": "sha256:cc"}],
        }
        assert after["metadata"] == before["metadata"]

    def test_an_entry_ends_where_the_next_table_begins(self) -> None:
        assert entry_of(LOCK, "alpha").endswith("]\n\n")
        with pytest.raises(BenchError, match="0 entries of charlie"):
            entry_of(LOCK, "charlie")

    def test_a_variant_changes_the_version_and_the_pins(self, project: Path) -> None:
        release = Release("bravo", "2.0", (("bravo-2.0.whl", "sha256:cc"),))
        lock = Lock("acme", project, (release,))
        assert 'version = "9.3"' in lock.pyproject(Variant(bumps=3))
        assert lock.pyproject() == PYPROJECT
        assert lock.lock() == LOCK
        pins = {"alpha": "1.0", "bravo": "1.0"}
        assert lock.pinned(pins, Variant(light=1)) == {"alpha": "1.0", "bravo": "2.0"}
        assert ("bravo", "bravo-2.0.whl", "sha256:cc") in list(lock.files)

    def test_what_is_the_same_is_not_written_again(self, project: Path, tmp_path: Path) -> None:
        lock, folder = Lock("acme", project), tmp_path / "copy"
        lock.write(folder, Variant())
        before = (folder / "pyproject.toml").stat().st_mtime_ns
        lock.write(folder, Variant())
        assert (folder / "pyproject.toml").stat().st_mtime_ns == before
        assert (folder / "poetry.lock").read_text("utf-8") == LOCK

    def test_optional_groups_are_not_installed(self, project: Path) -> None:
        assert Lock("acme", project).groups == ["dev"]

    def test_a_pair_without_sources_gets_some(self, project: Path, tmp_path: Path) -> None:
        lock = choose(str(project), tmp_path / "locks")
        assert isinstance(lock, Lock)
        assert (lock.folder / "acme_app" / "__init__.py").is_file()
        assert (lock.folder / "README.md").is_file()
        assert not (project / "acme_app").exists()

    def test_a_folder_without_a_lock_is_none(self, tmp_path: Path) -> None:
        with pytest.raises(BenchError, match=r"no poetry\.lock"):
            choose(str(tmp_path), tmp_path / "locks")

    def test_a_lock_that_is_not_here_is_left_out(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("HYBRID_INSTALL_CORPUS", raising=False)
        assert "HYBRID_INSTALL_CORPUS" in str(choose("torch", tmp_path))

    def test_a_big_lock_is_made_of_several(self) -> None:
        other = LOCK.replace('"alpha"', '"charlie"')
        pyproject, lock = plans.made_up_project([LOCK, other], 3)
        packages = tomllib.loads(lock)["package"]
        assert [each["name"] for each in packages] == ["alpha", "bravo", "charlie"]
        assert all(each["groups"] == ["main"] for each in packages)
        assert tomllib.loads(pyproject)["project"]["dependencies"] == ["alpha"]
        assert [
            each["name"] for each in tomllib.loads(plans.made_up_project([LOCK], 1)[1])["package"]
        ] == ["alpha"]


class TestArguments:
    def test_the_command_says_what_is_measured_not_where(self, tmp_path: Path) -> None:
        words = ["--lock", "medium", "--lock", str(tmp_path / "mine"), "--scenario", "warm"]
        words += ["--runs", "3", "--work", str(tmp_path), "--bandwidth", "100", "--fresh", "0"]
        options = cli._parser().parse_args(words)
        assert cli.command(options) == (
            "scripts/bench.py --lock medium --lock mine --scenario warm --runs 3 --latency 30"
            " --bandwidth 100 --fresh 0"
        )

    def test_a_way_that_is_not_there_is_left_out(self) -> None:
        fast = next(each for each in CONTESTANTS if each.key == "ours-fast")
        assert fast.left_out("--dry-run  --no-root") == "this hybrid-install has no --finish"
        assert not fast.left_out("--finish poetry-core")
