"""The door against the slow and the far: silent connections, slow senders, TLS beyond loopback while somebody may come."""

from __future__ import annotations

import datetime
import ipaddress
import json
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from console.errors import BadInput, Unavailable
from tests.links.doors import INCIDENT, OpenDoor, heard, until


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test door")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "door.pem", folder / "door.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return public, private


def address_of(door: OpenDoor) -> tuple[str, int]:
    host, port = door.links.url.removeprefix("http://").split(":")
    return host, int(port)


def test_silent_and_dripping_connections_end_and_do_not_stop_the_door(tmp_path: Path) -> None:
    """Slow loris: 200 silent lines, some that drip a header, some that drip a body, terminals that never say hello."""
    door = OpenDoor(tmp_path)
    silent = [socket.create_connection(address_of(door), 5) for _ in range(200)]
    dripping = [socket.create_connection(address_of(door), 5) for _ in range(5)]
    for line in dripping:
        line.sendall(b"POST /v1/incidents HTTP/1.1\r\nHost: x\r\n")
    bodies = [socket.create_connection(address_of(door), 5) for _ in range(5)]
    for line in bodies:
        line.sendall(b"POST /v1/incidents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + door.token.encode())
        line.sendall(b"\r\nContent-Length: 500\r\n\r\n{")
    hellos = [door.socket() for _ in range(5)]

    assert door.post()[0] == 201
    line = door.terminal()
    line.send('{"type":"ping"}')
    assert heard(line) == {"type": "pong"}

    began = time.monotonic()
    drip_end = began + 7
    while time.monotonic() < drip_end:
        for dripped in dripping:
            try:
                dripped.sendall(b"X-Drip: 1\r\n")
            except OSError:
                pass
        time.sleep(0.5)
    for ended in (*silent, *dripping):
        ended.settimeout(3)
        try:
            assert ended.recv(1) == b""
        except ConnectionResetError:
            pass
        ended.close()
    for hello in hellos:
        with pytest.raises(ConnectionClosed) as closed:
            hello.recv(timeout=30)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401
    for slow in bodies:
        slow.settimeout(10)
        assert b" 408 " in slow.recv(200)
        slow.close()
    assert door.post({**INCIDENT, "source_id": "after"})[0] == 201
    door.stop()


def test_beyond_loopback_without_tls_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="TLS"):
        OpenDoor(tmp_path, door__address="0.0.0.0")
    public, private = certificate(tmp_path)
    with pytest.raises(BadInput, match="no file"):
        OpenDoor(tmp_path, door__address="0.0.0.0", door__certificate=str(public), door__key=str(tmp_path / "none"))
    with pytest.raises(BadInput, match="do not work together"):
        OpenDoor(tmp_path, door__address="0.0.0.0", door__certificate=str(public), door__key=str(public))
    assert private.exists()


def test_the_world_is_let_in_by_tls_only_while_somebody_may_come(tmp_path: Path, free_port: int) -> None:
    public, private = certificate(tmp_path)
    door = OpenDoor(
        tmp_path, door__address="0.0.0.0", door__port=free_port, door__certificate=str(public), door__key=str(private)
    )
    trusted = ssl.create_default_context(cafile=str(public))

    def answers() -> bool:
        try:
            with urlopen(f"https://127.0.0.1:{free_port}/openapi.json", timeout=3, context=trusted) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    door.desk.keys.clear()
    assert door.links.url != f"http://127.0.0.1:{free_port}"
    until("closed, nothing being enrolled", lambda: not answers())
    assert door.post()[0] == 201

    door.desk.enrolment = True
    until("open during an enrolment", answers)
    body = json.dumps({"unit": "U1", "code": "77"}).encode()
    door.desk.codes["U1"] = "77"
    with urlopen(Request(f"https://127.0.0.1:{free_port}/v1/enrol", body), timeout=30, context=trusted) as answer:
        key = json.load(answer)["key"]
    door.desk.enrolment = False
    with connect(f"wss://127.0.0.1:{free_port}/v1/terminal", ssl=trusted) as line:
        line.send(json.dumps({"type": "hello", "unit": "U1", "key": key}))
        assert heard(line) == {"type": "welcome"}
    with socket.create_connection(("127.0.0.1", free_port), 5) as plain:
        plain.settimeout(5)
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert not plain.recv(100).startswith(b"HTTP/1.1 200")

    door.desk.keys.clear()
    until("closed again", lambda: not answers())
    door.stop()


def test_a_port_that_is_taken_later_is_said_and_tried_again(
    tmp_path: Path, free_port: int, expect_log: Callable[[str], None]
) -> None:
    expect_log("cannot listen")
    public, private = certificate(tmp_path)
    taken = socket.socket()
    taken.bind(("0.0.0.0", free_port))
    taken.listen()
    place = {"door__address": "0.0.0.0", "door__port": free_port, "door__certificate": str(public), "door__key": str(private)}
    with pytest.raises(Unavailable, match=str(free_port)):
        OpenDoor(tmp_path, **place)
    door = OpenDoor(tmp_path, keys={}, **place)
    assert door.desk.lights["door"] == "up"
    door.desk.enrolment = True
    until("said", lambda: door.desk.lights["door"] == "down")
    assert door.post()[0] == 201
    taken.close()
    until("open", lambda: door.desk.lights["door"] == "up")
    door.stop()
