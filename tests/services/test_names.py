"""Names are found by characters, ids, letters and pinyin, whichever way a character is read; nothing odd breaks the search."""

from __future__ import annotations

import pytest

from console.services.names import AROUND, BEGINS, INSIDE, MISS, WHOLE, Named, NameIndex
from console.services.readings import readings, sort_key

THINGS = [
    Named(("34020000001320000001", "长汀路重庆街口 东南角", "Changting corner SE"), ("云汀街道", "东城派出所")),
    Named(("T-002", "乐山银行门口", "Bank gate"), ("云汀街道", "西城派出所")),
    Named(("T-003", "行知小学", "O'Hare School"), ("绿地街道", "")),
    Named(("K-1", "单县卡口１２号", ""), ("绿地街道", "交警大队")),
]


@pytest.fixture(scope="module")
def index() -> NameIndex:
    return NameIndex(THINGS)


def found(index: NameIndex, query: str) -> set[int]:
    return {number for number, rank in enumerate(index.find(query)) if rank != MISS}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("长汀", {0}), ("ctl", {0}), ("ztl", {0}), ("changting", {0}), ("zhangtinglu", {0}), ("changt", {0}), ("ctinglu", {0}),
        ("chang'ting", {0}), ("长t", {0}), ("cqj", {0}), ("zqj", {0}), ("chongqing", {0}), ("zhongqing", {0}), ("tongqing", {0}),
        ("leshan", {1}), ("yueshan", {1}), ("yinhang", {1}), ("yinxing", {1}), ("lsyh", {1}),
        ("xingzhi", {2}), ("hangzhi", {2}), ("shanxian", {3}), ("danxian", {3}), ("chanxian", {3}),
        ("lvdi", {2, 3}), ("ludi", {2, 3}), ("ldjd", {2, 3}),
        ("0001", {0}), ("34020000001320000001", {0}), ("t-00", {1, 2}), ("T-003", {2}), ("gate", {1}), ("GATE", {1}),
        ("ohare", {2}), ("o'hare", {2}), ("12", {3}), ("１２", {3}), ("派出所", {0, 1}), ("dcpcs", {0}), ("云汀 银行", {1}),
        ("yt yh", {1}), ("云汀 学校", set()), ("zzz", set()), ("", set()), ("   ", set()), ("\n", set()), ("%_\\", set()),
        ("角chang", set()), ("口k", set()),
    ],
)  # fmt: skip
def test_a_query_finds_what_it_means(index: NameIndex, query: str, expected: set[int]) -> None:
    assert found(index, query) == expected


def test_a_match_never_runs_from_one_text_into_the_next(index: NameIndex) -> None:
    assert found(index, "001长") == set()
    assert found(index, "角cha") == set()


def test_whole_names_come_before_beginnings_before_insides_before_areas(index: NameIndex) -> None:
    assert index.find("行知小学")[2] == WHOLE
    assert index.find("行知")[2] == BEGINS
    assert index.find("小学")[2] == INSIDE
    assert index.find("绿地")[2] == AROUND
    assert index.find("003")[2] == BEGINS, "the end of an id, as it is painted on a pole"


def test_a_very_long_or_odd_query_is_answered(index: NameIndex) -> None:
    assert found(index, "na" * 500) == set()
    assert found(index, "\u0000\ud83d\ude00𠮷") == set()


def test_an_empty_roster_finds_nothing() -> None:
    assert len(NameIndex([]).find("a")) == 0
    assert found(NameIndex([Named(("", ""))]), "a") == set()


def test_every_reading_of_a_character_counts() -> None:
    assert set(readings("重")) >= {"zhong", "chong"}
    assert set(readings("绿")) >= {"lv", "lu"}
    assert readings("A") == ()
    assert "lu" in readings("路")


def test_names_are_sorted_by_sound() -> None:
    assert sorted(["西城", "安居", "东渡", "便民"], key=sort_key) == ["安居", "便民", "东渡", "西城"]
