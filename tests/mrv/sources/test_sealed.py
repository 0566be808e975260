"""What is sealed can be read by the holder of the secret, where it was put, and by nobody else."""

import pickle

import pytest

from mrv.imagery.keeping import MemoryKeeper
from mrv.sources.sealed import SealedKeeper

KEY, SECRET = "plans/ab/abcd", bytes(range(32))


@pytest.fixture
def memory() -> MemoryKeeper:
    return MemoryKeeper()


@pytest.fixture
def keeper(memory: MemoryKeeper) -> SealedKeeper:
    return SealedKeeper(memory, SECRET)


def test_it_gives_back_what_it_does_not_show(memory: MemoryKeeper, keeper: SealedKeeper) -> None:
    keeper.put(KEY, b"where the plots lie" * 10)
    assert keeper.get(KEY) == b"where the plots lie" * 10
    assert keeper.get("plans/ab/other") is None
    assert b"plots" not in memory.entries[KEY]


def test_the_same_entry_is_sealed_differently_each_time(
    memory: MemoryKeeper, keeper: SealedKeeper
) -> None:
    keeper.put(KEY, b"x")
    before = memory.entries[KEY]
    keeper.put(KEY, b"x")
    assert memory.entries[KEY] != before


@pytest.mark.parametrize("length", [0, 5, 12, 20, 40])
def test_a_cut_entry_is_none(memory: MemoryKeeper, keeper: SealedKeeper, length: int) -> None:
    keeper.put(KEY, b"x" * 20)
    memory.entries[KEY] = memory.entries[KEY][:length]
    assert keeper.get(KEY) is None


def test_any_changed_byte_is_none(memory: MemoryKeeper, keeper: SealedKeeper) -> None:
    keeper.put(KEY, b"x" * 20)
    whole = memory.entries[KEY]
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1
        memory.entries[KEY] = bytes(changed)
        assert keeper.get(KEY) is None


def test_an_entry_moved_to_another_key_is_none(memory: MemoryKeeper, keeper: SealedKeeper) -> None:
    keeper.put(KEY, b"of one scene")
    memory.entries["plans/ab/other"] = memory.entries[KEY]
    assert keeper.get("plans/ab/other") is None


def test_another_secret_opens_nothing(memory: MemoryKeeper, keeper: SealedKeeper) -> None:
    keeper.put(KEY, b"x")
    assert SealedKeeper(memory, bytes(32)).get(KEY) is None


def test_it_travels_and_does_not_print_its_secret(keeper: SealedKeeper) -> None:
    keeper.put(KEY, b"x")
    assert pickle.loads(pickle.dumps(keeper)).get(KEY) == b"x"  # noqa: S301  # our own
    assert repr(SECRET) not in repr(keeper)
