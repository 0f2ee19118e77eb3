"""Log-in answers: the RFC's own examples, odd challenge headers, the strongest of several, nonces that wear out."""

from __future__ import annotations

import base64
import re

import pytest

from console.media.relay_auth import Login, challenges, strongest

_NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
_CLIENT = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
_OPAQUE = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
_RFC = f'realm="http-auth@example.org", qop="auth, auth-int", nonce="{_NONCE}", opaque="{_OPAQUE}"'


def fields(answer: str | None) -> dict[str, str]:
    assert answer is not None
    return {name: quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]*))', answer)}


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616_are_met(algorithm: str, response: str) -> None:
    """faults.md V12 V13; RFC 7616 clause 3.9.1"""
    login = Login("Mufasa", "Circle of Life", lambda: _CLIENT)
    assert login.choose([f"Digest {_RFC}, algorithm={algorithm}"])

    found = fields(login.answer("GET", "/dir/index.html"))

    assert found["response"] == response
    assert (found["nc"], found["qop"], found["algorithm"]) == ("00000001", "auth", algorithm)
    assert found["opaque"] == _OPAQUE


def test_a_challenge_without_qop_is_answered_as_before_it_was_invented() -> None:
    login = Login("Mufasa", "Circle Of Life")
    login.choose(['Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'])

    found = fields(login.answer("GET", "/dir/index.html"))

    assert found["response"] == "670fd8c2df070c60b045671b8b24ff02"
    assert "qop" not in found and "nc" not in found


def test_the_count_of_a_nonce_goes_up_with_each_request() -> None:
    login = Login("u", "p")
    login.choose(['Digest realm="r", nonce="n", qop="auth"'])

    assert [fields(login.answer("PLAY", "x"))["nc"] for _ in range(3)] == ["00000001", "00000002", "00000003"]


@pytest.mark.parametrize(
    ("headers", "scheme", "algorithm"),
    [
        (['Basic realm="a"', 'Digest realm="a", nonce="n"'], "digest", "md5"),
        (['Digest realm="a", nonce="n"', 'Basic realm="a"'], "digest", "md5"),
        (['Digest realm="a", nonce="n", algorithm=MD5', 'Digest realm="a", nonce="n", algorithm=SHA-256'], "digest", "sha-256"),
        (['Digest realm="a", nonce="n", algorithm=SHA-256', 'Digest realm="a", nonce="n", algorithm=MD5'], "digest", "sha-256"),
        (['Digest realm="a, b",nonce="n",algorithm="MD5", Digest realm="a",nonce="n",algorithm="SHA-256"'], "digest", "sha-256"),
        (['Basic realm="a", Digest realm="a", nonce="n"'], "digest", "md5"),
        (['Digest realm="a", nonce="n", algorithm=SHA-999', 'Basic realm="a"'], "basic", "md5"),
        (['Negotiate abcd==', 'digest REALM=a,NONCE=n,Algorithm=sha-256-SESS'], "digest", "sha-256"),
        (["Basic"], "basic", "md5"),
    ],
)  # fmt: skip
def test_the_strongest_challenge_is_taken_in_any_order(headers: list[str], scheme: str, algorithm: str) -> None:
    """faults.md V14 V15"""
    found = strongest(challenges(headers))

    assert found is not None
    assert (found.scheme, found.algorithm) == (scheme, algorithm)


@pytest.mark.parametrize(
    "header", ["", ",,,=", 'Digest realm="a"', "Digest nonce=", 'Digest nonce="unended', "Kerberos x=y", "\x00" * 99]
)
def test_nonsense_is_no_challenge_or_one_that_is_answered_without_falling(header: str) -> None:
    login = Login("u", "p")
    if login.choose([header]):
        assert login.answer("OPTIONS", "rtsp://h/") is not None
    else:
        assert login.answer("OPTIONS", "rtsp://h/") is None


@pytest.mark.parametrize("password", ["p@:/#%&w", "密码", 'q"uo\\te', "", " blank "])
def test_any_password_goes_out_as_utf_8(password: str) -> None:
    """faults.md V11 V17"""
    login = Login("用户", password)
    login.choose(['Basic realm="x"'])

    answer = login.answer("OPTIONS", "x") or ""

    assert base64.b64decode(answer.removeprefix("Basic ")) == f"用户:{password}".encode()


def test_only_a_worn_out_nonce_is_answered_again() -> None:
    """faults.md V16 V18"""
    login = Login("u", "wrong")
    login.choose(['Digest realm="r", nonce="a"'])

    assert not login.may_answer_again(['Digest realm="r", nonce="b"']), "a new nonce with each refusal is still a refusal"
    assert not login.may_answer_again(['Digest realm="r", nonce="a", stale=true']), "the same nonce cannot be stale"
    assert login.may_answer_again(['Digest realm="r", nonce="b", stale=true'])
    login.was_accepted = True
    assert login.may_answer_again(['Digest realm="r", nonce="b"']), "some cameras leave the word stale out"
    assert not login.may_answer_again(['Basic realm="r"'])


def test_the_next_nonce_that_is_told_is_used() -> None:
    login = Login("u", "p")
    login.choose(['Digest realm="r", nonce="a", qop="auth"'])
    login.answer("PLAY", "x")

    login.take_next_nonce('nextnonce="b", qop=auth, rspauth="0"')

    found = fields(login.answer("PLAY", "x"))
    assert (found["nonce"], found["nc"]) == ("b", "00000001")


def test_a_login_shows_no_secret() -> None:
    """faults.md V64"""
    assert "geheim" not in repr(Login("u", "geheim"))
