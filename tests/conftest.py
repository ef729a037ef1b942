"""What all tests share: the checkout's ledger stays as it is, and golden files change only when asked."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sizes

from tradegen.ledger import Ledger, create_ledger

if TYPE_CHECKING:
    from dynamodb_server import Dynamo

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = Path(__file__).resolve().parent / "golden"
MEMORY = Path("/dev/shm")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what the tests compare with")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked `slow` or `large`, unless it is asked for."""
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        (left_out if any(map(item.get_closest_marker, sizes.LEFT_OUT)) else kept).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = kept


# With it, jsonschema builds a grammar of IRIs at each start, which takes a second. No schema here has one.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]

# A shell that starts tests in the background has them ignore Ctrl-C, and all that they start inherits it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _the_checkouts_ledger_is_never_touched() -> Iterator[None]:
    ledger = ROOT / "trade_ids.db"
    before = ledger.read_bytes()
    yield
    assert ledger.read_bytes() == before, "a test wrote to the checkout's trade_ids.db"


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, bytes], None]:
    """Compare bytes with a golden file; a missing file fails."""

    def compare(name: str, content: bytes) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.write_bytes(content)
        assert path.exists(), f"{path.name} is missing; pytest --update-golden writes it"
        assert content == path.read_bytes()

    return compare


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A new ledger in a folder of its own."""
    return create_ledger(tmp_path / "trade_ids.db")


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """An empty folder that no disk is behind, where the system has a place for one."""
    if not os.access(MEMORY, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="tradegen-tests-", dir=MEMORY) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def dynamo_server() -> Iterator[Dynamo]:
    from dynamodb_server import serving  # loaded where it is used: it needs moto

    with serving() as server:
        yield server


@pytest.fixture
def dynamo(dynamo_server: Dynamo, monkeypatch: pytest.MonkeyPatch) -> Dynamo:
    """DynamoDB on loopback, without faults, where boto3 looks for it."""
    for name, value in dynamo_server.environment().items():
        monkeypatch.setenv(name, value)
    dynamo_server.reset()
    return dynamo_server


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a ledger, into which nothing else may be written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERMINAL_WIDTH", "200")
    create_ledger("trade_ids.db")
    return tmp_path


@pytest.fixture(scope="session")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Datasets for verify, to be read and copied, not changed."""
    from verify_datasets import made  # loaded where it is used: it needs pyarrow

    folder = tmp_path_factory.mktemp("datasets")
    made(folder / "csv", "csv")
    made(folder / "parquet", "parquet")
    made(folder / "fix", "fix", "original", pairs=40)
    return folder


@pytest.fixture
def copied(originals: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Give a function that copies one of the originals, to be changed."""
    return lambda form: Path(shutil.copytree(originals / form, tmp_path / form))


@pytest.fixture
def every_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a proof tell of everything that it finds, so that one proof can be asked for many things."""
    for module in ("database", "proof", "proof_report", "sources.text", "value_tables"):
        monkeypatch.setattr(f"tradegen.verify.{module}.EXAMPLES", 10_000)


@pytest.fixture
def kernel_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have kernels start without the user's own settings."""
    for name, folder in (("IPYTHONDIR", "ipython"), ("JUPYTER_RUNTIME_DIR", "runtime")):
        monkeypatch.setenv(name, str(tmp_path_factory.getbasetemp() / folder))


@pytest.fixture
def root(tmp_path: Path, kernel_settings: None) -> Path:
    """A folder that looks like the root of a checkout to the notebooks that run in it."""
    from notebook_runs import CANARIES  # loaded where it is used: it needs papermill

    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    for name, text in CANARIES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def absent(what: str) -> None:
    """Skip a test whose tool is not there, with the reason; in CI, fail instead."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is not installed; CI runs every test")
    pytest.skip(f"{what} is not installed; `make test` installs it")
