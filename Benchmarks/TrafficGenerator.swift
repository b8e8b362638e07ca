import Foundation
import TimelineModel
import Wire

/// Makes a big capture out of real ones: many clients at once, each with its own address and session id, the payloads
/// as recorded. WebSocket sessions are made long by repeating their middle; polling sessions are repeated whole.
struct TrafficGenerator {
    let webSockets: [SegmentTemplate]
    let polling: [SegmentTemplate]
    /// Connections at the same time.
    let connections: Int

    /// - Parameter isHealthy: only of traffic that stays healthy when it is repeated: nothing for rules to find.
    init(captures folder: String, connections: Int, isHealthy: Bool = false) throws {
        func load(_ names: [String], repeating: Bool) throws -> [SegmentTemplate] {
            try names.compactMap {
                let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)"))
                return try SegmentTemplate(capture: [UInt8](data), repeating: repeating)
            }.filter { $0.isRepeating == repeating }
        }
        let healthy = ["js-acks/capture.pcap", "py-py-aiohttp/capture.pcap"]
        let others = ["flap/capture.pcapng", "js-namespaces/capture.pcap"]
        self.webSockets = try load(isHealthy ? healthy : healthy + others, repeating: true)
        self.polling = try load(["js-binary-polling/capture.pcap"], repeating: false)
        self.connections = connections
    }

    /// Writes at least `bytes` bytes of pcap to `path`.
    func write(to path: String, bytes: Int) throws {
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        defer { try? file.close() }
        var out = Self.header
        var written = 0
        // Every connection gets the same share of the bytes; its packets come at its own pace, all merged by time.
        var clients = (0..<self.connections).map { index in
            let isPolling = index % 10 == 9 && !self.polling.isEmpty
            let templates = isPolling ? self.polling : self.webSockets
            return Client(template: templates[index % templates.count], number: index, share: bytes / self.connections)
        }
        var queue = MergeQueue(clients.indices.map { (clients[$0].nextNs, $0) })
        while let (at, index) = queue.pop() {
            guard clients[index].emit(at, into: &out) else { continue }
            queue.push((clients[index].nextNs, index))
            if out.count > 4 << 20 {
                written += out.count
                try file.write(contentsOf: out)
                out.removeAll(keepingCapacity: true)
            }
        }
        try file.write(contentsOf: out)
    }

    /// pcap in the machine's order, microseconds, Ethernet.
    private static let header: [UInt8] = [
        0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0,
    ]
}

/// One generated client: walks through its template, round after round.
private struct Client {
    private let template: SegmentTemplate
    private let number: Int
    private var left: Int
    private var index = 0
    private var round: UInt32 = 0
    private var generation = 0
    private var baseNs: Int64

    init(template: SegmentTemplate, number: Int, share: Int) {
        self.template = template
        self.number = number
        self.left = share
        self.baseNs = 1_764_000_000_000_000_000 + Int64(number) * 1_700_000
    }

    var nextNs: Int64 { self.baseNs + self.template.packets[self.index].offsetNs }

    /// Appends the next packet as a pcap record; false when there are no more.
    mutating func emit(_ at: Int64, into out: inout [UInt8]) -> Bool {
        guard self.index < self.template.packets.count else { return false }
        var packet = self.template.packets[self.index]
        self.template.shift(&packet, rounds: self.round)
        self.address(&packet)
        let seconds = UInt32(at / 1_000_000_000)
        let micros = UInt32(at % 1_000_000_000 / 1000)
        for value in [seconds, micros, UInt32(packet.bytes.count), UInt32(packet.bytes.count)] {
            withUnsafeBytes(of: value.littleEndian) { out.append(contentsOf: $0) }
        }
        out.append(contentsOf: packet.bytes)
        self.left -= packet.bytes.count + 16
        self.advance()
        return self.index < self.template.packets.count
    }

    private mutating func advance() {
        self.index += 1
        if self.template.isRepeating {
            if self.index == self.template.middle.upperBound, self.left > 0 {
                self.index = self.template.middle.lowerBound
                self.round += 1
                self.baseNs += self.template.middleNs
            }
        } else if self.index == self.template.packets.count, self.left > 0 {
            self.baseNs += (self.template.packets.last?.offsetNs ?? 0) + 50_000_000
            self.index = 0
            self.generation += 1
        }
    }

    /// Own addresses, and an own session id for each life.
    private func address(_ packet: inout SegmentTemplate.Packet) {
        for offset in [packet.addressOffset, packet.addressOffset + 4] {
            packet.bytes[offset + 1] = UInt8(truncatingIfNeeded: self.generation & 0x7F)
            packet.bytes[offset + 2] = UInt8(truncatingIfNeeded: self.number >> 8)
            packet.bytes[offset + 3] = UInt8(truncatingIfNeeded: self.number)
        }
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef".utf8)
        for place in packet.sidOffsets {
            var code = self.number * 128 + self.generation
            for index in 0..<6 {
                packet.bytes[place + index] = letters[code % 32]
                code /= 32
            }
        }
    }
}

/// A binary heap of times.
private struct MergeQueue {
    private var heap: [(at: Int64, index: Int)] = []

    init(_ entries: [(Int64, Int)]) {
        for entry in entries { self.push(entry) }
    }

    mutating func push(_ entry: (Int64, Int)) {
        self.heap.append((entry.0, entry.1))
        var child = self.heap.count - 1
        while child > 0, self.heap[child] < self.heap[(child - 1) / 2] {
            self.heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> (Int64, Int)? {
        guard let first = self.heap.first, let last = self.heap.popLast() else { return nil }
        guard !self.heap.isEmpty else { return first }
        self.heap[0] = last
        var parent = 0
        while true {
            let children = [parent * 2 + 1, parent * 2 + 2].filter { $0 < self.heap.count }
            guard let least = children.min(by: { self.heap[$0] < self.heap[$1] }), self.heap[least] < self.heap[parent]
            else { return first }
            self.heap.swapAt(parent, least)
            parent = least
        }
    }
}
