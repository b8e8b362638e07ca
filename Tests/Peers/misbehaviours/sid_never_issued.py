"""A client comes with a sid from before the recording: worth a note, for nobody can tell what it was."""

from harness.expectation import shows


async def play(stage):
    await stage.server()
    await stage.request("GET", "EIO=4&transport=polling&sid=from-yesterday")


RECORDED = [shows("it is refused", "SELECT count(*) FROM exchanges WHERE status = 400")]
FINDINGS = []
