"""Serials as people see them."""

from dataclasses import replace
from datetime import date

import pytest

from mrv.crediting.serials import (
    REGISTRY,
    TEST_REGISTRY,
    SerialBlock,
    check_character,
    format_serial,
    parse_serial,
)
from mrv.errors import InputRejected

KISUMU = SerialBlock("KE", "kisumu-women", "C", date(2021, 2, 1), date(2024, 2, 1), 1, 1, 120)


def test_a_serial_reads_from_registry_to_check_character() -> None:
    assert format_serial(KISUMU) == "PKL-KE-KISUMU-WOMEN-C-20210201-20240201-0001-000001-000120-3"


def test_the_check_character_is_that_of_iso_7064() -> None:
    """A Global Release Identifier, whose standard uses MOD 37-36: A1-2425G-ABC1234002-M."""
    assert check_character("A1-2425G-ABC1234002") == "M"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not a serial"),
        ("PKL-KE-KISUMU-WOMEN-C-20210201-20240201-0001-000001-000120-4", "mistyped"),
        ("PKL-KE-KISUMU-WOMEN-C-20210201-20240201-0001-000001-000120", "is not a serial"),
        (
            "19385-941467007-941467431-VCS-VCU-1507-VER-ET-14-1340-01012020-31122020-1",
            "not a serial",
        ),
    ],
)
def test_what_is_no_serial_is_told_apart(text: str, why: str) -> None:
    with pytest.raises(InputRejected, match=why):
        parse_serial(text)


@pytest.mark.parametrize(
    "body",
    [
        "PKL-KE-P-C-20210201-20240201-0001-000121-000120",  # ends before it starts
        "PKL-KE-P-C-20240201-20210201-0001-000001-000120",  # so does its period
        "PKL-KE-P-C-20211301-20240201-0001-000001-000120",  # a thirteenth month
        "PKL-KE-P-C-20210201-20240201-0000-000001-000120",  # batches count from one
        "PKL-KE-P-C-20210201-20240201-00001-000001-000120",  # one block has one serial
    ],
)
def test_a_fitting_check_character_does_not_make_a_block(body: str) -> None:
    with pytest.raises(InputRejected):
        parse_serial(f"{body}-{check_character(body)}")


def test_blocks_of_other_batches_or_periods_are_not_contained() -> None:
    other = SerialBlock("KE", "kisumu-women", "C", date(2021, 2, 1), date(2024, 2, 1), 2, 5, 6)
    assert not KISUMU.contains(other)
    assert KISUMU.contains(KISUMU)
    assert KISUMU.quantity == 120


@pytest.mark.parametrize(
    ("project", "country"), [("Kisumu", "KE"), ("kisumu_women", "KE"), ("kisumu", "Kenya")]
)
def test_what_could_not_be_read_back_is_not_written(project: str, country: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be part|two capital letters"):
        SerialBlock(country, project, "C", date(2021, 2, 1), date(2024, 2, 1), 1, 1, 1)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"end": date(2021, 2, 1)}, "holds no day"),
        ({"end": date(2021, 1, 31)}, "holds no day"),
        ({"first": 0}, "is no block"),
        ({"first": 121}, "is no block"),
        ({"batch": 0}, "is no block"),
        ({"country": "KEN"}, "not two capital letters"),
        ({"project": "Kisumu"}, "cannot be part"),
    ],
)
def test_what_is_no_block_is_said_so(changed: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        replace(KISUMU, **changed)


def test_one_day_and_one_credit_are_a_block() -> None:
    least = replace(KISUMU, end=date(2021, 2, 2), first=120)
    assert parse_serial(format_serial(least)) == least
    assert least.quantity == 1


@pytest.mark.parametrize(("registry", "test"), [(REGISTRY, False), (TEST_REGISTRY, True)])
def test_units_of_a_sandbox_are_told_apart(registry: str, test: bool) -> None:  # noqa: FBT001
    assert replace(KISUMU, registry=registry).test is test
