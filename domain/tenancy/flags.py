"""Feature flags: what a tenant has switched on, by name."""

import re
from dataclasses import field
from typing import Annotated, Any

from domain.kit.aggregate import Aggregate
from domain.kit.appliers import applies
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.fields import Describe, Len, Pattern, Public
from domain.tenancy.json_limits import Config, require_plain

FLAG = "tenancy.feature_flag"
"""Under this name flags reserve their names, inside each tenant."""

_LONGEST = 100
_WORDS = "[a-z0-9_]+([.-][a-z0-9_]+)*"

FeatureName = Annotated[
    str,
    Len(1, _LONGEST),
    Pattern(_WORDS, "is not lower-case words joined by dots or hyphens"),
    Public(),
    Describe("The feature: lower-case words joined by dots or hyphens."),
]
Enabled = Annotated[bool, Public(), Describe("Whether it is enabled.")]


def is_feature_name(text: str) -> bool:
    """Whether a flag could have this name."""
    return len(text) <= _LONGEST and re.fullmatch(_WORDS, text) is not None


class FeatureFlag(Aggregate, topic="tenancy.feature_flag"):
    """A feature that a tenant has, or has not. Every event names it, so that readers need no state."""

    class Added(Event):
        feature_name: FeatureName
        enabled: Enabled
        config: Config = field(default_factory=dict)

    class Changed(Event):
        feature_name: FeatureName
        enabled: Enabled
        config: Config

    class Removed(Event, ends=True):
        feature_name: FeatureName

    feature_name: str
    enabled: bool
    config: dict[str, Any] = field(default_factory=dict)

    @applies(Added)
    def _added(self, event: Added) -> None:
        self.feature_name, self.enabled, self.config = event.feature_name, event.enabled, event.config

    def set(self, enabled: bool, config: dict[str, Any] | None) -> None:
        """Switches it on or off; its configuration stays when none is given."""
        config = self.config if config is None else config
        if (enabled, config) != (self.enabled, self.config):
            self.record(self.Changed(feature_name=self.feature_name, enabled=enabled, config=config))

    @applies(Changed)
    def _changed(self, event: Changed) -> None:
        self.enabled, self.config = event.enabled, event.config

    def remove(self) -> None:
        """Removes it; its name may be used again."""
        self.release(FLAG, self.feature_name)
        self.record(self.Removed(feature_name=self.feature_name))


class AddFeatureFlag(Command):
    """Add a feature flag to the tenant."""

    feature_name: FeatureName
    enabled: Enabled = True
    config: Config = field(default_factory=dict)

    def handle(self) -> FeatureFlag:
        require_plain(self.config, field="config")
        added = FeatureFlag.Added(feature_name=self.feature_name, enabled=self.enabled, config=self.config)
        flag = FeatureFlag.begin(self.id, added)
        flag.reserve(FLAG, self.feature_name, field="feature_name")
        return flag


class SetFeatureFlag(Command):
    """Enable or disable a feature flag."""

    enabled: Enabled
    config: Config | None = None

    def handle(self, feature_flag: FeatureFlag) -> None:
        if self.config is not None:
            require_plain(self.config, field="config")
        feature_flag.set(self.enabled, self.config)


class RemoveFeatureFlag(Command):
    """Remove a feature flag; the feature falls back to its default."""

    def handle(self, feature_flag: FeatureFlag) -> None:
        feature_flag.remove()
