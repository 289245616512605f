"""The rules of users."""

from uuid import UUID

import pytest

from domain.identity.registration import RegisterUser
from domain.identity.users import User
from domain.kit.refusals import Invalid
from domain.kit.scenario import given

ANNA = UUID("00000000-0000-7000-8000-00000000000d")


def test_registers() -> None:
    command = RegisterUser(id=ANNA, email="anna@example.com", first_name="Anna", last_name="Berg")
    given().when(command).then(User.Registered(email="anna@example.com", first_name="Anna", last_name="Berg"))


def test_a_last_name_is_not_needed() -> None:
    command = RegisterUser(id=ANNA, email="anna@example.com", first_name="Anna")
    given().when(command).then(User.Registered(email="anna@example.com", first_name="Anna"))


def test_stores_tidy_names_and_the_address_in_lower_case() -> None:
    command = RegisterUser(id=ANNA, email="Anna@Example.COM", first_name=" Anna ", last_name=" Berg")
    given().when(command).then(User.Registered(email="anna@example.com", first_name="Anna", last_name="Berg"))


@pytest.mark.parametrize("email", ["a@b.co", "a.b+c%d_e-f@sub.example.museum", f"{'a' * 243}@example.com"])
def test_takes_an_address(email: str) -> None:
    given().when(RegisterUser(id=ANNA, email=email, first_name="Anna")).then(
        User.Registered(email=email, first_name="Anna")
    )


@pytest.mark.parametrize(
    "email",
    [
        "",
        "anna",
        "@example.com",
        "anna@",
        "anna@example",
        "anna@example.c",
        "anna @example.com",
        " anna@example.com",
        "anna@example.com\n",
        "anna@@example.com",
        "anna@example.com, ben@example.com",
        "änna@example.com",
        "anna@example.com\x00",
        f"{'a' * 244}@example.com",
    ],
)
def test_refuses_what_is_no_address(email: str) -> None:
    given().when(RegisterUser(id=ANNA, email=email, first_name="Anna")).refused(Invalid, field="email")


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\x00", "a\ud800", "a\nb"])
def test_refuses_a_first_name_outside_the_limits(name: str) -> None:
    given().when(RegisterUser(id=ANNA, email="anna@example.com", first_name=name)).refused(
        Invalid, field="first_name"
    )


@pytest.mark.parametrize("name", ["x" * 101, "a\x00", "a\ud800", "a\nb"])
def test_refuses_a_last_name_outside_the_limits(name: str) -> None:
    command = RegisterUser(id=ANNA, email="anna@example.com", first_name="Anna", last_name=name)
    given().when(command).refused(Invalid, field="last_name")
