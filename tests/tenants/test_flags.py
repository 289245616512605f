"""The rules of feature flags."""

from typing import Any

import pytest

from domain.kit.refusals import Invalid, NotFound
from domain.kit.scenario import given
from domain.tenancy.flags import AddFeatureFlag, FeatureFlag, RemoveFeatureFlag, SetFeatureFlag
from domain.tenancy.json_limits import LARGEST
from tests.tenants.histories import FLAG, flag_added

ADDED = flag_added(config={"most": 3})
NAME = ADDED.feature_name


def test_adds() -> None:
    given().when(AddFeatureFlag(id=FLAG, feature_name=NAME, config={"most": 3})).then(ADDED)


@pytest.mark.parametrize("name", ["a", "search.highlights", "beta-2", "a_b.c-d", "x" * 100])
def test_takes_a_name(name: str) -> None:
    given().when(AddFeatureFlag(id=FLAG, feature_name=name)).then(flag_added(name=name))


# A name becomes part of a cache key, so nothing but plain words may be in it.
@pytest.mark.parametrize("name", ["", "A", "a b", ".a", "a.", "a..b", "a:b", "a*", "{a}", "x" * 101])
def test_refuses_what_is_no_name(name: str) -> None:
    given().when(AddFeatureFlag(id=FLAG, feature_name=name)).refused(Invalid, field="feature_name")


@pytest.mark.parametrize("config", [{"a": "x" * LARGEST}, {"a": "\x00"}, []])
def test_refuses_a_configuration_outside_the_limits(config: Any) -> None:
    given().when(AddFeatureFlag(id=FLAG, feature_name=NAME, config=config)).refused(Invalid, field="config")
    given(ADDED).when(SetFeatureFlag(id=FLAG, enabled=True, config=config)).refused(Invalid, field="config")


def test_switches_off_and_keeps_the_configuration() -> None:
    given(ADDED).when(SetFeatureFlag(id=FLAG, enabled=False)).then(
        FeatureFlag.Changed(feature_name=NAME, enabled=False, config={"most": 3})
    )


def test_replaces_the_configuration() -> None:
    given(ADDED).when(SetFeatureFlag(id=FLAG, enabled=True, config={})).then(
        FeatureFlag.Changed(feature_name=NAME, enabled=True, config={})
    )


def test_setting_as_before_records_nothing() -> None:
    given(ADDED).when(SetFeatureFlag(id=FLAG, enabled=True, config={"most": 3})).then()


def test_removes() -> None:
    given(ADDED).when(RemoveFeatureFlag(id=FLAG)).then(FeatureFlag.Removed(feature_name=NAME))


def test_a_removed_flag_is_gone() -> None:
    gone = given(ADDED, FeatureFlag.Removed(feature_name=NAME))
    gone.when(SetFeatureFlag(id=FLAG, enabled=True)).refused(NotFound, field="id")
