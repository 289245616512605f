"""Every program knows every event: views that fold all events fold the same in each of them."""

import subprocess
import sys

import pytest

_ALL = """
import importlib, pkgutil
import app.contexts
from domain.kit.events import event_classes
known = set(event_classes())
import domain
for module in pkgutil.walk_packages(domain.__path__, "domain."):
    importlib.import_module(module.name)
print(*sorted(set(event_classes()) - known))
"""


@pytest.mark.servers
def test_whoever_knows_the_views_knows_all_events() -> None:
    ended = subprocess.run([sys.executable, "-c", _ALL], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == [], "WITHOUT_VIEWS in app/contexts.py lacks their modules"
