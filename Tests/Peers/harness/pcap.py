"""TCP conversations written as a pcap file: the packets are made up, the bytes and the times are real."""

import socket
import struct
import time

NANOSECOND_MAGIC = 0xA1B23C4D
LINKTYPE_RAW = 101
# Loopback's MTU less the headers, so that no packet breaks IP's 16-bit length.
LARGEST_SEGMENT = 65_536 - 20 - 20 - 1

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10


def checksum(data):
    """The Internet checksum of RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Clock:
    """Nanoseconds since the epoch that never step back, whatever is done to the system's clock."""

    def __init__(self):
        self._offset = time.time_ns() - time.monotonic_ns()

    def now(self):
        return self._offset + time.monotonic_ns()


class PcapWriter:
    """A pcap file of raw IPv4 packets with nanoseconds."""

    def __init__(self, path, clock=None):
        self._file = open(path, "wb")
        self._clock = clock or Clock()
        self.is_paused = False  # what passes meanwhile is missing from the file
        self._file.write(struct.pack("<IHHiIII", NANOSECOND_MAGIC, 2, 4, 0, 0, 262_144, LINKTYPE_RAW))

    def packet(self, data):
        if self._file.closed or self.is_paused:
            return
        seconds, nanoseconds = divmod(self._clock.now(), 1_000_000_000)
        self._file.write(struct.pack("<IIII", seconds, nanoseconds, len(data), len(data)) + data)

    def close(self):
        self._file.close()


class TCPFlow:
    """One connection as a tap between both ends would see it. `side` is 0 for the client, 1 for the server."""

    def __init__(self, writer, client, server):
        self._writer = writer
        self._ends = (client, server)
        # Far from zero, so that nobody takes an absolute number for a relative one.
        self._next = [1_000_000, 2_000_000]
        self._identification = 0
        self.is_reset = False

    def opened(self):
        self._send(0, SYN, acknowledges=False)
        self._next[0] += 1
        self._send(1, SYN | ACK)
        self._next[1] += 1
        self._send(0, ACK)

    def refused(self):
        self._send(0, SYN, acknowledges=False)
        self._next[0] += 1
        self._send(1, RST | ACK)
        self.is_reset = True

    def data(self, side, data):
        for start in range(0, len(data), LARGEST_SEGMENT):
            part = data[start : start + LARGEST_SEGMENT]
            self._send(side, PSH | ACK, part)
            self._next[side] = (self._next[side] + len(part)) & 0xFFFF_FFFF
        self._send(1 - side, ACK)

    def fin(self, side):
        self._send(side, FIN | ACK)
        self._next[side] += 1
        self._send(1 - side, ACK)

    def reset(self, side):
        if not self.is_reset:
            self._send(side, RST | ACK)
        self.is_reset = True

    def _send(self, side, flags, data=b"", acknowledges=True):
        if self.is_reset:
            return
        (source, source_port), (target, target_port) = self._ends[side], self._ends[1 - side]
        source, target = socket.inet_aton(source), socket.inet_aton(target)
        acknowledged = self._next[1 - side] if acknowledges else 0
        ports_and_numbers = struct.pack("!HHII", source_port, target_port, self._next[side], acknowledged)
        tcp = ports_and_numbers + struct.pack("!BBHHH", 5 << 4, flags, 65_535, 0, 0)
        pseudo = source + target + struct.pack("!BBH", 0, 6, len(tcp) + len(data))
        tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp + data)) + tcp[18:]
        self._identification = (self._identification + 1) & 0xFFFF
        header = struct.pack(
            "!BBHHHBBH", 0x45, 0, 20 + len(tcp) + len(data), self._identification, 0x4000, 64, 6, 0
        ) + source + target
        header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
        self._writer.packet(header + tcp + data)
