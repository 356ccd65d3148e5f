"""A phone on the local network: who gets in, with what, for how long, and what the certificate is good for."""

from __future__ import annotations

import re
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from starlette.websockets import WebSocketDisconnect

from kneeline.content.load import load
from kneeline.model.errors import InputError, StoreError
from kneeline.store import Store
from kneeline.web import lan as lan_module
from kneeline.web.app import create_app
from kneeline.web.certificate import certificate_for
from kneeline.web.lan import COOKIE, Lan, addresses, device_name
from kneeline.web.pairing import MOST_DEVICES, MOST_OFFERS, OFFER_S, PAIRED_S, Pairing
from kneeline.web.serve import settings

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PHONE = "https://192.168.7.7:8766"
CALF = "calf_raise_ball_squeeze"
RUN = "from kneeline.cli import main; main()"
HOSTS = ("192.168.7.7", "localhost", "127.0.0.1")


class Clock:
    def __init__(self) -> None:
        self.s = 1e9

    def __call__(self) -> float:
        return self.s


@pytest.fixture
def lan(tmp_path: Path) -> Lan:
    return Lan(tmp_path / "lan", ("192.168.7.7",), 8766)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "records") as store:
        yield store


@pytest.fixture
def computer(store: Store, lan: Lan) -> TestClient:
    app = create_app(store, load(), lan=lan)
    return TestClient(app, base_url="http://localhost", headers={"origin": "http://localhost"})


@pytest.fixture
def phone(computer: TestClient) -> TestClient:
    return TestClient(computer.app, base_url=PHONE, headers={"origin": PHONE})


def paired(phone: TestClient, lan: Lan) -> TestClient:
    assert phone.post("/pair", data={"code": lan.pairing.offer()}).status_code == 200
    return phone


def begun(client: TestClient) -> str:
    form = {"exercise": CALF, "session": str(uuid4()), "pain": 2, "signs": "no", "how": "camera"}
    return client.post("/start", data=form, follow_redirects=False).headers["location"]


# Who gets in


EVERYTHING = ("/", "/exercises", "/settings", "/sessions", f"/start?exercise={CALF}", "/static/live.js", "/sw.js")


@pytest.mark.parametrize("path", [*EVERYTHING, "/model/pose.task", "/authority.crt", "/phone", "/nothing", "//", "/./"])
def test_a_stranger_gets_no_page(phone: TestClient, path: str) -> None:
    answer = phone.get(path)
    assert answer.status_code == 401
    assert "This device is not paired." in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_stranger_writes_nothing_and_gets_no_socket(phone: TestClient, computer: TestClient) -> None:
    path = begun(computer)
    for where in ("/settings", "/start", path.replace("live", "count"), "/authority.crt"):
        assert phone.post(where, data={"voice": "off"}).status_code == 401
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        phone.websocket_connect(f"wss://192.168.7.7:8766{path}", headers={"origin": PHONE}),
    ):
        pass
    assert closed.value.code == 1008


def test_the_code_on_the_computers_screen_pairs_one_phone_once(
    computer: TestClient, phone: TestClient, lan: Lan
) -> None:
    (link,) = re.findall(r"https://[^<]*/pair\?code=[\w-]+", computer.get("/phone").text)
    assert link.startswith(PHONE)
    for _ in range(2):  # looking does not use it up
        assert "Pair this phone" in phone.get(link).text
    code = link.partition("=")[2]
    answer = phone.post("/pair", data={"code": code}, follow_redirects=False)
    cookie = answer.headers["set-cookie"]
    assert answer.status_code == 303
    assert cookie.startswith(f"{COOKIE}=")
    for word in ("Secure", "HttpOnly", "SameSite=strict", "Path=/", f"Max-Age={round(PAIRED_S)}"):
        assert word in cookie
    assert "Domain" not in cookie
    assert all(phone.get(path).status_code == 200 for path in EVERYTHING)
    second = TestClient(phone.app, base_url=PHONE, headers={"origin": PHONE})
    assert "works no more" in second.get(link).text
    assert second.post("/pair", data={"code": code}).status_code == 401
    assert second.get("/").status_code == 401


def test_a_paired_phone_has_a_socket(phone: TestClient, lan: Lan) -> None:
    path = begun(paired(phone, lan))
    with phone.websocket_connect(f"wss://192.168.7.7:8766{path}", headers={"origin": PHONE}) as line:
        assert "framing" in line.receive_text()


def test_a_phone_that_is_removed_is_out_at_once(computer: TestClient, phone: TestClient, lan: Lan) -> None:
    path = begun(paired(phone, lan))
    page = computer.get("/phone").text
    (device,) = lan.pairing.devices()
    assert f'value="{device.id}"' in page
    with phone.websocket_connect(f"wss://192.168.7.7:8766{path}", headers={"origin": PHONE}) as line:
        line.receive_text()
        computer.post("/phone/forget", data={"device": device.id})
        line.send_text('{"do":"tick","t_s":1}')
        with pytest.raises(WebSocketDisconnect) as closed:
            line.receive_text()
    assert closed.value.code == 1008
    assert phone.get("/").status_code == 401
    assert "None. Only this computer" in computer.get("/phone").text


@pytest.mark.parametrize("path", ["/data/export", "/data/import", "/data/erase", "/phone/forget"])
def test_a_paired_phone_may_not_take_or_erase_the_records_nor_let_others_in(
    phone: TestClient, lan: Lan, path: str
) -> None:
    answer = paired(phone, lan).post(path, data={"sure": "erase", "device": lan.pairing.devices()[0].id})
    assert answer.status_code == 403
    assert "computer itself" in answer.text
    assert len(lan.pairing.devices()) == 1
    assert "/pair?code=" not in phone.get("/phone").text


@pytest.mark.parametrize("cookie", ["", "x", "é", "x" * 5000, "; ;=;", f"{COOKIE}={COOKIE}"])
def test_a_made_up_cookie_is_none(phone: TestClient, cookie: str) -> None:
    answer = phone.get("/", headers={"cookie": f"{COOKIE}={cookie}".encode()})
    assert answer.status_code == 401


def test_the_hash_on_disk_lets_nobody_in(phone: TestClient, lan: Lan, tmp_path: Path) -> None:
    paired(phone, lan)
    secret = phone.cookies[COOKIE]
    file = tmp_path / "lan" / "devices.json"
    assert secret not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    phone.cookies.clear()
    assert phone.get("/", headers={"cookie": f"{COOKIE}={lan.pairing.devices()[0].id}"}).status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "192.168.7.8:8766", "192.168.7.7.nip.io", ""])
def test_a_paired_phone_at_a_foreign_host_gets_nothing(phone: TestClient, lan: Lan, host: str) -> None:
    assert paired(phone, lan).get("/", headers={"host": host}).status_code == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "http://192.168.7.7:8766", "null", "https://192.168.7.7"])
def test_another_site_cannot_use_a_paired_phone(phone: TestClient, lan: Lan, origin: str) -> None:
    path = begun(paired(phone, lan))
    assert phone.post("/settings", data={"voice": "off"}, headers={"origin": origin}).status_code == 403
    with (
        pytest.raises(WebSocketDisconnect),
        phone.websocket_connect(f"wss://192.168.7.7:8766{path}", headers={"origin": origin}),
    ):
        pass


def test_the_computers_own_address_is_not_the_lans(computer: TestClient) -> None:
    assert computer.get("/", headers={"host": "192.168.7.7:8766"}).status_code == 403


def test_without_lan_there_is_nobody_to_pair(store: Store) -> None:
    alone = TestClient(create_app(store, load()), base_url="http://localhost", headers={"origin": "http://localhost"})
    assert "kneeline --lan" in alone.get("/phone").text
    assert alone.get("/pair").status_code == 404
    assert alone.post("/pair", data={"code": "x"}).status_code == 404
    assert alone.get("/authority.crt").status_code == 404


def test_a_form_that_is_too_long_is_not_read(phone: TestClient, computer: TestClient) -> None:
    assert phone.post("/pair", data={"code": "x" * 70_000}).status_code == 413
    assert phone.post("/pair", data={"code": "x" * 200}).status_code == 422
    assert computer.post("/settings", content=iter([b"voice=off"])).status_code == 413, "a length has to be said"


# Pairing


def test_a_code_runs_out(tmp_path: Path) -> None:
    clock = Clock()
    pairing = Pairing(tmp_path / "devices.json", clock, clock)
    code = pairing.offer()
    clock.s += OFFER_S - 1
    assert pairing.offered(code)
    clock.s += 1
    assert not pairing.offered(code)
    assert pairing.accept(code, "Late") is None


def test_a_device_stays_through_a_restart_and_runs_out(tmp_path: Path) -> None:
    clock = Clock()
    pairing = Pairing(tmp_path / "devices.json", clock, clock)
    secret = pairing.accept(pairing.offer(), "iPhone")
    assert secret is not None
    again = Pairing(tmp_path / "devices.json", clock, clock)
    found = again.device(secret)
    assert found is not None
    assert found.name == "iPhone"
    clock.s += PAIRED_S
    assert again.device(secret) is None
    assert not again.devices()


def test_codes_and_devices_are_bounded_and_the_oldest_go(tmp_path: Path) -> None:
    clock = Clock()
    pairing = Pairing(tmp_path / "devices.json", clock, clock)
    codes = [pairing.offer() for _ in range(MOST_OFFERS + 1)]
    assert [pairing.offered(code) for code in codes] == [False] + [True] * MOST_OFFERS
    secrets = []
    for _ in range(MOST_DEVICES + 1):
        clock.s += 1
        secrets.append(pairing.accept(pairing.offer(), "x") or "")
    assert [pairing.device(secret) is not None for secret in secrets] == [False] + [True] * MOST_DEVICES


def test_a_code_used_by_many_at_once_pairs_one(tmp_path: Path) -> None:
    pairing = Pairing(tmp_path / "devices.json")
    code, won = pairing.offer(), []
    threads = [threading.Thread(target=lambda: won.append(pairing.accept(code, "x"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(secret is not None for secret in won) == 1


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff\xfe", b'[{"id":1}]', b"[" * 10_000])
def test_a_damaged_list_of_devices_lets_nobody_in(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "devices.json").write_bytes(content)
    pairing = Pairing(tmp_path / "devices.json")
    assert not pairing.devices()
    assert pairing.accept(pairing.offer(), "x")


def test_a_device_that_cannot_be_kept_is_said(tmp_path: Path) -> None:
    pairing = Pairing(tmp_path / "missing" / "devices.json")
    with pytest.raises(StoreError, match="cannot be written"):
        pairing.accept(pairing.offer(), "x")


@given(st.text(max_size=300))
def test_no_text_is_a_code_or_a_secret(text: str) -> None:
    pairing = Pairing(Path("/nonexistent/devices.json"))
    pairing.offer()
    assert not pairing.offered(text)
    assert pairing.accept(text, "x") is None
    assert pairing.device(text) is None


def test_devices_are_called_what_they_are() -> None:
    assert device_name("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)") == "iPhone"
    assert device_name("<script>") == device_name("") == "Device"


# The certificate


def read(chain: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(chain.read_bytes())


def test_the_certificate_is_kept_until_it_ends_soon(tmp_path: Path) -> None:
    first = certificate_for(tmp_path, HOSTS, NOW)
    assert certificate_for(tmp_path, reversed(HOSTS), NOW + timedelta(days=59)) == first
    later = certificate_for(tmp_path, HOSTS, NOW + timedelta(days=61))
    assert later.fingerprint != first.fingerprint
    assert later.authority_pem == first.authority_pem
    assert later.until > first.until


def test_another_network_gets_another_certificate_from_the_same_authority(tmp_path: Path) -> None:
    first = certificate_for(tmp_path, HOSTS, NOW)
    second = certificate_for(tmp_path, ("10.0.0.5", "localhost"), NOW)
    assert second.fingerprint != first.fingerprint
    assert second.authority_pem == first.authority_pem


def test_the_fingerprint_is_the_one_that_browsers_show(tmp_path: Path) -> None:
    certificate = certificate_for(tmp_path, HOSTS, NOW)
    assert re.fullmatch(r"([0-9A-F]{2}:){31}[0-9A-F]{2}", certificate.fingerprint)
    assert read(certificate.chain).fingerprint(hashes.SHA256()).hex(":").upper() == certificate.fingerprint


def test_keys_are_their_owners_alone(tmp_path: Path) -> None:
    (tmp_path / "lan").mkdir(mode=0o755)
    certificate_for(tmp_path / "lan", HOSTS, NOW)
    (tmp_path / "lan" / "authority.pem").chmod(0o644)
    certificate_for(tmp_path / "lan", HOSTS, NOW)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "lan").iterdir()}
    assert modes == {"authority.pem": 0o600, "server.pem": 0o600}
    assert stat.S_IMODE((tmp_path / "lan").stat().st_mode) == 0o700


@pytest.mark.parametrize("content", [b"", b"x", b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"])
def test_damage_is_made_good_or_said(tmp_path: Path, content: bytes) -> None:
    first = certificate_for(tmp_path, HOSTS, NOW)
    (tmp_path / "server.pem").write_bytes(content)
    assert certificate_for(tmp_path, HOSTS, NOW).authority_pem == first.authority_pem
    (tmp_path / "authority.pem").write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        certificate_for(tmp_path, HOSTS, NOW)


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot be used"):
        certificate_for(tmp_path / "file", HOSTS, NOW)


def test_the_authority_can_vouch_for_local_names_alone(tmp_path: Path) -> None:
    """What its key signs for a bank, nobody believes: OpenSSL holds to the constraints that stand in it."""
    made = certificate_for(tmp_path, HOSTS, datetime.now(UTC))
    content = (tmp_path / "authority.pem").read_bytes()
    key, authority = serialization.load_pem_private_key(content, None), x509.load_pem_x509_certificate(content)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    (tmp_path / "trusted.pem").write_bytes(made.authority_pem)
    for name in (x509.DNSName("bank.example"), x509.DNSName("192.168.7.7")):
        forged = (
            x509.CertificateBuilder(authority.subject, x509.Name([]), key.public_key(), 1)
            .not_valid_before(authority.not_valid_before_utc)
            .not_valid_after(authority.not_valid_after_utc)
            .add_extension(x509.SubjectAlternativeName([name]), critical=True)
            .sign(key, hashes.SHA256())
        )
        (tmp_path / "forged.pem").write_bytes(forged.public_bytes(serialization.Encoding.PEM))
        assert "permitted subtree violation" in verified(tmp_path, "forged.pem")
    assert "OK" in verified(tmp_path, "server.pem")


def verified(folder: Path, leaf: str) -> str:
    words = ["openssl", "verify", "-CAfile", str(folder / "trusted.pem"), str(folder / leaf)]
    try:
        said = subprocess.run(words, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no openssl to ask")
    return said.stdout + said.stderr


# The machine on its network


def test_an_address_on_the_internet_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lan_module, "_towards", lambda _: "8.8.8.8")
    monkeypatch.setattr(lan_module, "_named", lambda: ["127.0.1.1"])
    with pytest.raises(InputError, match="no local network"):
        addresses()
    monkeypatch.setattr(lan_module, "_named", lambda: ["127.0.1.1", "10.1.2.3", "10.1.2.3"])
    assert addresses() == ("10.1.2.3",)


def test_the_terminal_shows_the_code_to_a_person_only(lan: Lan) -> None:
    shown = lan.words(to_a_person=True)
    assert "/pair?code=" in shown
    assert "▄" in shown
    assert lan.certificate.fingerprint in shown
    assert lan.words(to_a_person=True, encoding="ascii").isascii()
    assert "code=" not in lan.words(to_a_person=False)


@contextmanager
def https_server(store: Store, lan: Lan) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as line:
        server = uvicorn.Server(settings(create_app(store, load(), lan=lan), lan.certificate.chain))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [line]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        try:
            yield line.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(10)


def test_who_trusts_the_authority_reaches_us_by_tls_and_nobody_else_does(
    store: Store, lan: Lan, tmp_path: Path
) -> None:
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(lan.certificate.authority_pem)
    with https_server(store, lan) as port:
        context = ssl.create_default_context(cafile=str(trusted))
        for host in ("localhost", "127.0.0.1"):
            assert httpx.get(f"https://{host}:{port}/", verify=context).status_code == 401
        with pytest.raises(httpx.ConnectError, match="certificate"):
            httpx.get(f"https://localhost:{port}/", verify=ssl.create_default_context())
        old = ssl.create_default_context(cafile=str(trusted))
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"https://localhost:{port}/", verify=old)
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"http://localhost:{port}/")


def test_lan_is_one_word_on_the_command_line(tmp_path: Path) -> None:
    try:
        addresses()
    except InputError:
        pytest.skip("this machine is on no local network")
    words = [sys.executable, "-c", RUN, "--lan", "--no-browser", "--port", "0", "--data", str(tmp_path / "records")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        told = [running.stdout.readline() for _ in range(4)]
        try:
            (here,) = re.findall(r"http://localhost:\d+", told[0])
            (near,) = re.findall(r"https://[\d.]+:\d+", told[1])
            assert httpx.get(near + "/", verify=False).status_code == 401
            (code,) = re.findall(r"/pair\?code=([\w-]+)", httpx.get(here + "/phone").text)
            with httpx.Client(verify=False, base_url=near, headers={"origin": near}, follow_redirects=True) as phone:
                assert "Choose an exercise" in phone.post("/pair", data={"code": code}).text
        finally:
            running.terminate()
        assert running.wait(20) in (0, -15, 143)
    assert (tmp_path / "records").stat().st_mode & 0o077 == 0
