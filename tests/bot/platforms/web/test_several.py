"""Two processes on one PostgreSQL: a room in the browser is open in the one that has it."""

from __future__ import annotations

import pytest

from tests.fakes.web_room import serving

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


async def test_a_room_is_open_in_one_process_and_then_in_the_next(database_url: str) -> None:
    async with serving(database_url=database_url) as other:
        async with serving(database_url=database_url) as one:
            await one.photo()
            assert (await other.post_photo(b"photo")).status == 503
            async with other.session.get(f"{other.url}/r/home") as page:
                assert (page.status, page.headers["Retry-After"]) == (503, "1")
            await other.photo(room="sauna")
            assert (await one.post_photo(b"photo", "sauna")).status == 503
        await other.photo()
