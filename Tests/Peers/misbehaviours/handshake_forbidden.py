"""A server like Node's forbids the handshake of the browser's bundle."""

from harness.expectation import finding, shows


async def play(stage):
    async def answer(method, target, body):
        return 403, '{"code":4,"message":"no room for you"}'

    await stage.raw_server(on_request=answer)
    await stage.browser("""
        const socket = io(url, { reconnection: false });
        await once(socket, "connect_error");
    """)


NEEDS_NODE = True
RECORDED = [shows("it is forbidden", "SELECT count(*) FROM exchanges WHERE status = 403 AND error_code = 4")]
FINDINGS = [finding("forbidden-handshake", "warning")]
