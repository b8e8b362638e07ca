"""Plays scenarios, several at once, each into a capture of its own."""

import asyncio

from .own_client import OwnClient
from .proxy import RecordingProxy
from .stage import Stage

# Enough to spend the waiting together, few enough that nobody's timers come late.
AT_ONCE = 12


async def record_all(scenarios, folder, node, binary):
    """Records each scenario to NAME.pcap in the folder, what goes through the proxy also to NAME.proxy.db; gives the
    errors of those that failed, by name."""
    gate = asyncio.Semaphore(AT_ONCE)
    errors = {}

    async def record(scenario):
        async with gate:
            try:
                proxy = RecordingProxy(binary, scenario.proxy_database(folder)) if scenario.proxied else None
                own = OwnClient(binary, scenario.client_database(folder))
                async with Stage(folder / f"{scenario.name}.pcap", node, proxy, own) as stage:
                    async with asyncio.timeout(scenario.lasts * 2 + 15):
                        await scenario.play(stage)
                if stage.failures:
                    raise stage.failures[0]
            except Exception as error:
                errors[scenario.name] = f"{type(error).__name__}: {error}"

    # The long ones first, else everyone waits for them at the end.
    async with asyncio.TaskGroup() as group:
        for scenario in sorted(scenarios, key=lambda one: -one.lasts):
            group.create_task(record(scenario))
    return errors
