"""A TCP relay that records what passes: a tap that needs no privileges."""

import asyncio
import socket
import struct

from .pcap import PcapWriter, TCPFlow

CLIENT, SERVER = 0, 1


def resets_when_closed(connection):
    """The other end gets an RST then, and no FIN."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass


class Relay:
    """Listens on a port of its own and passes each connection on; the capture shows the client and this port.

    A FIN is passed on as a FIN of that direction alone, an RST as an RST.
    """

    def __init__(self, path):
        self._writer = PcapWriter(path)
        self._tasks = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self.upstream_port = None

    def pause(self, is_paused=True):
        """Leaves out of the capture what passes from now on, or no longer."""
        self._writer.is_paused = is_paused

    def start(self):
        self._keep(self._accept())

    async def stop(self):
        """Ends the capture first: what is torn down afterwards is none of the scenario's doing."""
        self._writer.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # Last: a socket that is closed while the event loop waits for it takes the next one of its number along.
        self._listener.close()

    def _keep(self, coroutine):
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self):
        loop = asyncio.get_running_loop()
        while True:
            connection, address = await loop.sock_accept(self._listener)
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._keep(self._serve(connection, address))

    async def _serve(self, client, address):
        loop = asyncio.get_running_loop()
        flow = TCPFlow(self._writer, address, ("127.0.0.1", self.port))
        server = socket.socket()
        server.setblocking(False)
        try:
            try:
                await loop.sock_connect(server, ("127.0.0.1", self.upstream_port))
            except OSError:
                flow.refused()
                resets_when_closed(client)
                return
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            flow.opened()
            pumps = [
                loop.create_task(self._pump(client, server, flow, CLIENT)),
                loop.create_task(self._pump(server, client, flow, SERVER)),
            ]
            try:
                done, pending = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                # After an RST the other direction is over too; after a FIN it is not.
                if pending and not flow.is_reset:
                    await asyncio.wait(pending)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        finally:
            client.close()
            server.close()

    async def _pump(self, source, sink, flow, side):
        loop = asyncio.get_running_loop()
        while True:
            try:
                data = await loop.sock_recv(source, 65_536)
            except OSError:
                flow.reset(side)
                resets_when_closed(sink)
                return
            if flow.is_reset:
                return
            if not data:
                flow.fin(side)
                try:
                    sink.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
                return
            flow.data(side, data)
            try:
                await loop.sock_sendall(sink, data)
            except OSError:
                # The sink's end is gone, and said so with an RST.
                flow.reset(1 - side)
                resets_when_closed(source)
                return
