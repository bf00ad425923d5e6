"""Who may decide for a room in the browser: who created it, and who holds its admin link."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from bot.domain import Player, Refusal
from bot.platforms.web import WebAddress, WebServer, requests
from bot.platforms.web.admins import CREATED_FILE, SECRET_FILE, Admins
from bot.platforms.web.rooms import room_of
from bot.services.rate_limit import Rate
from bot.speech import speaker_for
from tests.fakes.web_room import SECRET, Live, Served, serving

ANA, BEN = Player("ana", "Ana"), Player("ben", "Ben")
OTHER = "b" * 24
EN = speaker_for("en")


def test_whoever_comes_first_is_admin_and_nobody_else() -> None:
    admins = Admins()
    assert admins.is_admin("home", ANA, None)
    assert not admins.is_admin("home", BEN, None)
    assert admins.is_admin("home", ANA, None)
    assert admins.is_admin("away", BEN, None)


@pytest.mark.parametrize("token", [None, "", 7, ["x"], "x" * 32, "\udcff", "é"])
def test_what_is_no_token_of_the_room_makes_nobody_admin(token: object) -> None:
    admins = Admins()
    admins.is_admin("home", ANA, None)
    assert not admins.is_admin("home", BEN, token)


def test_a_token_is_for_its_room_alone() -> None:
    admins = Admins()
    for name in ("home", "away"):
        admins.is_admin(name, ANA, None)
    assert admins.is_admin("home", BEN, admins.token("home"))
    assert not admins.is_admin("home", BEN, admins.token("away"))
    assert admins.token("home") != Admins().token("home")


def test_links_and_creators_outlive_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    before = Admins(folder)
    assert before.is_admin("home", ANA, None)
    before.note_use("home")
    after = Admins(folder)
    assert after.token("home") == before.token("home")
    # Or whoever came first after a restart would get the link of others' room.
    assert not after.is_admin("home", BEN, None)
    assert after.is_admin("home", ANA, before.token("home"))


def test_the_secret_is_for_the_owner_of_the_process_alone(tmp_path: Path) -> None:
    Admins(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [SECRET_FILE]
    assert (tmp_path / SECRET_FILE).stat().st_mode & 0o777 == 0o600


def test_processes_that_start_at_once_have_one_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others: list[str] = []

    def meanwhile(_: int) -> str:
        if not others:
            others.append("")
            others[0] = Admins(tmp_path).token("home")
        return f"part {len(list(tmp_path.iterdir()))}"

    monkeypatch.setattr("bot.platforms.web.admins.secrets.token_hex", meanwhile)
    assert [Admins(tmp_path).token("home")] == others
    assert [path.name for path in tmp_path.iterdir()] == [SECRET_FILE]


def test_a_secret_that_was_half_written_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / SECRET_FILE).write_bytes(b"half")
    assert Admins(tmp_path).token("home") == Admins(tmp_path).token("home")
    assert (tmp_path / SECRET_FILE).stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_used_is_no_fault(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    with caplog.at_level(logging.WARNING):
        admins = Admins(blocked)
    assert "admin links end with this process" in caplog.text
    assert admins.is_admin("home", ANA, None)


def test_nobody_can_read_in_the_folder_how_a_room_is_called(tmp_path: Path) -> None:
    Admins(tmp_path).note_use("the-smiths")
    assert len((tmp_path / CREATED_FILE).read_text()) == 13


async def test_a_room_in_which_nothing_happens_is_not_stored(tmp_path: Path) -> None:
    async with serving(data_folder=tmp_path) as served:
        for number in range(3):
            await served.join(room=f"made-up-{number}")
        await served.session.get(f"{served.url}/r/made-up/share")
        assert not (tmp_path / CREATED_FILE).exists()
        await served.photo()
        await served.photo()
        assert (tmp_path / CREATED_FILE).read_text() == f"{room_of('home').id}\n"


async def test_who_makes_up_rooms_is_stopped_and_may_stay_in_those_that_exist(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "NEW_ROOMS", Rate(2, 3600))
    for room in ("home", "away", "home"):
        await served.photo(room=room)
    refused = await served.post_photo(b"photo", "made-up")
    assert refused.status == 429
    assert (await refused.json())["error"] == EN.photos.refusal(Refusal.TOO_OFTEN)
    await served.photo()


def test_who_is_forgotten_is_no_creator_any_more() -> None:
    admins = Admins()
    admins.is_admin("home", ANA, None)
    admins.forget(ANA)
    assert not admins.is_admin("home", ANA, None)


def test_the_admin_link_leads_to_the_room() -> None:
    server = WebServer(WebAddress("127.0.0.1", 8080, "https://snow.example"), health=dict)
    link, token = server.admin_link("müllers").split("#admin=")
    assert link == "https://snow.example/r/m%C3%BCllers"
    assert len(token) == 32


async def menu(page: Live) -> set[str]:
    return {item["name"] for item in (await page.receive("language"))["menu"]}


async def test_the_creators_page_is_told_the_token_and_the_others_are_not(served: Served) -> None:
    ana, ben = await served.join(), await served.join(OTHER, "Ben")
    assert "reset" in await menu(ana)
    assert (await ana.receive("admin"))["token"] == served.admin_token()
    assert "reset" not in await menu(ben)
    await ben.receive("board")
    await served.photo()
    assert (await ben.socket.receive_json())["type"] in ("people", "entry")
    again = await served.join()
    assert (await again.receive("admin"))["token"] == served.admin_token()


async def test_whoever_posts_first_has_created_the_room(served: Served) -> None:
    await served.photo()
    ana = await served.join(SECRET)
    assert (await ana.receive("admin"))["token"] == served.admin_token()


async def test_the_first_comer_of_a_room_that_existed_before_has_not_created_it(
    tmp_path: Path,
) -> None:
    database = f"sqlite:///{tmp_path / 'snow.db'}"
    async with serving(database_url=database) as before:
        await before.photo()
    async with serving(database_url=database) as after:  # a server whose data folder was lost
        ana = await after.join()
        assert "reset" not in await menu(ana)
        ana = await after.join(admin=after.admin_token())
        assert "reset" in await menu(ana)
        ben = await after.join(OTHER, "Ben", room="away")
        assert "reset" in await menu(ben)


async def test_the_link_is_enough_and_a_wrong_one_is_none(served: Served) -> None:
    await served.join()
    ben = await served.join(OTHER, "Ben", admin=served.admin_token("away"))
    assert "reset" not in await menu(ben)
    ben = await served.join(OTHER, "Ben", admin=served.admin_token())
    assert "reset" in await menu(ben)
    await served.press("set:language:de")
    assert "reset" in await menu(ben)


async def test_commands_for_admins_ask_for_one(served: Served) -> None:
    await served.join()
    headers = {"X-Player": OTHER, "X-Nickname": "Ben"}
    refused = (await served.command("reset", headers=headers))["entry"]
    assert refused["answer"]["buttons"] == []
    held = {**headers, "X-Admin": served.admin_token()}
    assert (await served.command("reset", headers=held))["entry"]["answer"]["buttons"] != []


async def test_the_link_outlives_a_restart_and_lost_cookies(tmp_path: Path) -> None:
    async with serving(data_folder=tmp_path) as before:
        await before.photo()
        token = before.admin_token()
    async with serving(data_folder=tmp_path) as after:
        ben = await after.join(OTHER, "Ben")
        assert "reset" not in await menu(ben)
        ana = await after.join("c" * 24, "Ana", admin=token)
        assert "reset" in await menu(ana)
