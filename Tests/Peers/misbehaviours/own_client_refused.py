"""The server refuses the token of sioscope's own client, which says why and does not come again."""

from harness.expectation import finding, frames, shows


async def play(stage):
    await stage.server()
    client = await stage.own_client("--auth", '{"token":"bad"}')
    await client.ended(2)
    if "not authorised" not in client.talk:
        raise RuntimeError(f"it does not say why: {client.talk}")


RECORDED = [
    shows("there is one session", "SELECT count(*) FROM sessions"),
    frames("it is refused", "sio_type = 'connect_error' AND payload LIKE '%not authorised%'", 1),
]
FINDINGS = [finding("connect-refused-auth", "warning")]
