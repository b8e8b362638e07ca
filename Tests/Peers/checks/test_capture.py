"""The captures that the relay writes: what another decoder would check."""

import asyncio
import socket
import struct
import tempfile
import unittest
from pathlib import Path

from harness.pcap import ACK, FIN, NANOSECOND_MAGIC, PSH, RST, SYN, PcapWriter, TCPFlow, checksum
from harness.relay import Relay


class FixedClock:
    def now(self):
        return 1_764_000_000_123_456_789


def packets(path):
    """(seconds, nanoseconds, source port, flags, sequence, acknowledgement, data), with both checksums verified."""
    data = Path(path).read_bytes()
    magic, *_, link = struct.unpack_from("<IHHiIII", data)
    assert (magic, link) == (NANOSECOND_MAGIC, 101)
    offset, result = 24, []
    while offset < len(data):
        seconds, nanoseconds, length, original = struct.unpack_from("<IIII", data, offset)
        packet = data[offset + 16 : offset + 16 + length]
        assert length == original == struct.unpack_from("!H", packet, 2)[0]
        assert checksum(packet[:20]) == 0
        assert checksum(packet[12:20] + struct.pack("!BBH", 0, 6, length - 20) + packet[20:]) == 0
        source, _, sequence, acknowledged, _, flags = struct.unpack_from("!HHIIBB", packet, 20)
        result.append((seconds, nanoseconds, source, flags, sequence, acknowledged, packet[40:]))
        offset += 16 + length
    return result


class PcapTests(unittest.TestCase):
    def test_checksum_of_rfc_1071(self):
        self.assertEqual(checksum(bytes.fromhex("0001f203f4f5f6f7")), ~0xDDF2 & 0xFFFF)
        self.assertEqual(checksum(b"\x01"), 0xFEFF)

    def test_flow(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "flow.pcap"
            writer = PcapWriter(path, FixedClock())
            flow = TCPFlow(writer, ("127.0.0.1", 50_000), ("127.0.0.1", 80))
            flow.opened()
            flow.data(0, b"hello")
            flow.data(1, b"x" * 100_000)
            flow.fin(0)
            flow.reset(1)
            flow.data(1, b"after the end")
            writer.close()
            written = packets(path)
        self.assertEqual(written[0][:2], (1_764_000_000, 123_456_789))
        self.assertEqual(
            [(source, flags, len(data)) for _, _, source, flags, _, _, data in written],
            [
                (50_000, SYN, 0), (80, SYN | ACK, 0), (50_000, ACK, 0),
                (50_000, PSH | ACK, 5), (80, ACK, 0),
                (80, PSH | ACK, 65_495), (80, PSH | ACK, 34_505), (50_000, ACK, 0),
                (50_000, FIN | ACK, 0), (80, ACK, 0),
                (80, RST | ACK, 0),
            ],
        )
        self.assertEqual([one[4] for one in written if one[2] == 50_000], [
            1_000_000, 1_000_001, 1_000_001, 1_000_006, 1_000_006])
        self.assertEqual(written[-1][5], 1_000_007)


class RelayTests(unittest.TestCase):
    """Each end's FIN and RST arrive at the other as what they were, and are written as whose they were."""

    def relayed(self, serve, play):
        async def run(path):
            async def handle(reader, writer):
                await serve(reader, writer)
                writer.close()

            server = await asyncio.start_server(handle, "127.0.0.1", 0)
            relay = Relay(path)
            relay.upstream_port = server.sockets[0].getsockname()[1]
            relay.start()
            reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
            result = await asyncio.wait_for(play(reader, writer), 5)
            writer.close()
            await asyncio.sleep(0.1)
            await relay.stop()
            server.close()
            return result, relay.port

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "relay.pcap"
            result, port = asyncio.run(run(path))
            ends = [
                ("server" if source == port else "client", "rst" if flags & RST else "fin")
                for _, _, source, flags, *_ in packets(path) if flags & (FIN | RST)
            ]
        return result, ends

    def test_half_close(self):
        async def serve(reader, writer):
            writer.write(b"you said " + await reader.read())

        async def play(reader, writer):
            writer.write(b"hello")
            writer.write_eof()
            return await reader.read()

        self.assertEqual(self.relayed(serve, play), (b"you said hello", [("client", "fin"), ("server", "fin")]))

    def test_reset_by_server(self):
        async def serve(reader, writer):
            await reader.read(1)
            abort_stream(writer)

        async def play(reader, writer):
            writer.write(b"hello")
            with self.assertRaises(ConnectionResetError):
                await reader.read()

        self.assertEqual(self.relayed(serve, play)[1], [("server", "rst")])

    def test_reset_by_client(self):
        seen = []

        async def serve(reader, writer):
            try:
                seen.append(await reader.read())
            except ConnectionResetError:
                seen.append("reset")

        async def play(reader, writer):
            await asyncio.sleep(0.05)
            abort_stream(writer)

        self.assertEqual(self.relayed(serve, play)[1], [("client", "rst")])
        self.assertEqual(seen, ["reset"])

    def test_nobody_listens(self):
        async def run(path):
            relay = Relay(path)
            with socket.create_server(("127.0.0.1", 0)) as closed:
                relay.upstream_port = closed.getsockname()[1]
            relay.start()
            reader, _ = await asyncio.open_connection("127.0.0.1", relay.port)
            with self.assertRaises(ConnectionResetError):
                await reader.read()
            await relay.stop()

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "relay.pcap"
            asyncio.run(run(path))
            self.assertEqual([flags for _, _, _, flags, *_ in packets(path)], [SYN, RST | ACK])


def abort_stream(writer):
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
