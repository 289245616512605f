"""A real server that speaks S3: S3Proxy before a folder, which checks the signature of each request.

It is fetched once with Maven and kept in the cache beside OpenSearch; each file of it is checked against its hash.
"""

import asyncio
import fcntl
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.embedded.opensearch import free_port, java
from app.embedded.process import ChildProcess, EmbeddedError
from app.settings import read_settings

_HERE = Path(__file__).parent
_HASHES = _HERE / "jars.sha256"
_MAVEN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
KEY, SECRET = "headwater", "headwater-secret"
_CONFIGURATION = """\
s3proxy.endpoint=http://127.0.0.1:{port}
s3proxy.authorization=aws-v2-or-v4
s3proxy.identity={key}
s3proxy.credential={secret}
s3proxy.ignore-unknown-headers=true
jclouds.provider=filesystem-nio2
jclouds.filesystem.basedir={buckets}
jclouds.identity=none
jclouds.credential=none
"""
_LOGGING = """\
<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%msg%n</pattern></encoder>
  </appender>
  <root level="ERROR"><appender-ref ref="out"/></root>
</configuration>
"""


@dataclass(frozen=True)
class S3Server:
    """Where it is; each folder in ``buckets`` is a bucket."""

    port: int
    buckets: Path

    def environment(self) -> dict[str, str]:
        """What the environment of a process says that keeps its files there."""
        return {
            "AWS_ENDPOINT": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
        }


@asynccontextmanager
async def s3_server(folder: Path) -> AsyncIterator[S3Server]:
    """The server at work in a folder. Raises EmbeddedError where it cannot be had."""
    jars = await asyncio.to_thread(_fetched, read_settings({}).cache)
    found = S3Server(free_port(), folder / "buckets")
    found.buckets.mkdir()
    configuration = folder / "s3proxy.conf"
    configuration.write_text(
        _CONFIGURATION.format(port=found.port, key=KEY, secret=SECRET, buckets=found.buckets)
    )
    (folder / "logback.xml").write_text(_LOGGING)
    process = ChildProcess(
        "S3Proxy",
        [
            java() / "bin" / "java",
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            f"{jars}/*:{folder}",
            "org.gaul.s3proxy.Main",
            "--properties",
            configuration,
        ],
        log=folder / "s3proxy.log",
        folder=folder,
    )

    async def listens() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", found.port)
        except OSError:
            return False
        writer.close()
        return True

    try:
        await process.until(listens, seconds=180)
        yield found
    finally:
        process.kill()


def _fetched(cache: Path) -> Path:
    """The folder of its files, which appears in the cache in one step."""
    place = cache / f"s3proxy-{hashlib.sha256(_HASHES.read_bytes()).hexdigest()[:8]}"
    if place.exists():
        return place
    if (maven := shutil.which("mvn")) is None:
        raise EmbeddedError("The S3 server of the tests is fetched with Maven, and there is no mvn here.")
    cache.mkdir(parents=True, exist_ok=True)
    with (
        (cache / "s3proxy.lock").open("w") as lock,
        tempfile.TemporaryDirectory(prefix="new-", dir=cache) as draft,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)
        if place.exists():
            return place
        jars = Path(draft, "jars")
        run = subprocess.run(
            [
                maven,
                "-q",
                "-B",
                "-f",
                _HERE / "pom.xml",
                _MAVEN,
                "-DincludeScope=runtime",
                f"-DoutputDirectory={jars}",
            ],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if run.returncode != 0:
            raise EmbeddedError(f"Maven could not fetch the S3 server of the tests: {run.stdout[-500:]}")
        _require_known(jars)
        jars.rename(place)
    return place


def _require_known(jars: Path) -> None:
    """Raise EmbeddedError unless these are the files that the lock names, and no others."""
    found = {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in jars.iterdir()}
    known = {name: sha256 for sha256, name in map(str.split, _HASHES.read_text().splitlines())}
    if wrong := {name for name in found.keys() | known.keys() if found.get(name) != known.get(name)}:
        raise EmbeddedError(f"The S3 server is not made of the files we know: {', '.join(sorted(wrong))}.")
