"""Feature flags: what a tenant has switched on, by name."""

import re
from dataclasses import field
from typing import Annotated, Any

from domain.kit.fields import KEPT, Authored, Describe, Kept, Len, Pattern, Public
from domain.kit.model import Aggregate, Command, Event, Unique, assigns
from domain.tenancy.json_limits import Config

_LONGEST = 100
_WORDS = "[a-z0-9_]+([.-][a-z0-9_]+)*"

FeatureName = Annotated[
    str,
    Len(1, _LONGEST),
    Pattern(_WORDS, "must be lower-case words joined by dots or hyphens"),
    Public(),
    Authored(),
    Describe("The feature: lower-case words joined by dots or hyphens."),
]
Enabled = Annotated[bool, Public(), Describe("Whether it is enabled.")]


def is_feature_name(text: str) -> bool:
    """Whether a flag could have this name."""
    return len(text) <= _LONGEST and re.fullmatch(_WORDS, text) is not None


class FeatureFlag(
    Aggregate,
    topic="tenancy.feature_flag",
    unique=(Unique("feature_name", stored_as="tenancy.feature_flag"),),
):
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

    changed = assigns(Added, Changed)


class AddFeatureFlag(Command):
    """Add a feature flag to the tenant."""

    feature_name: FeatureName
    enabled: Enabled = True
    config: Config = field(default_factory=dict)

    def handle(self) -> FeatureFlag:
        added = FeatureFlag.Added(feature_name=self.feature_name, enabled=self.enabled, config=self.config)
        return FeatureFlag.begin(self.id, added)


class SetFeatureFlag(Command):
    """Enable or disable a feature flag."""

    enabled: Enabled
    config: Config | Kept = KEPT

    def handle(self, feature_flag: FeatureFlag) -> None:
        config = feature_flag.config if self.config is KEPT else self.config
        if (self.enabled, config) != (feature_flag.enabled, feature_flag.config):
            changed = FeatureFlag.Changed(
                feature_name=feature_flag.feature_name, enabled=self.enabled, config=config
            )
            feature_flag.record(changed)


class RemoveFeatureFlag(Command):
    """Remove a feature flag; the feature falls back to its default."""

    def handle(self, feature_flag: FeatureFlag) -> None:
        feature_flag.record(FeatureFlag.Removed(feature_name=feature_flag.feature_name))
