import Decoding
import Foundation
import TestSupport
import Testing
import TimelineModel

/// What a capture of another project holds, as tshark and an independent decoder agreed.
struct ExpectedMessages: Decodable {
    struct Message: Decodable {
        var dir: String
        var opcode: UInt8
        var len: Int
        var sha256: String?
        var closeCode: UInt16?
    }
    struct Stream: Decodable {
        var node0: String
        var node1: String
        var messages: [Message]
    }
    var file: String
    var streams: [Stream]

    init(_ url: URL) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(ExpectedMessages.self, from: Data(contentsOf: url))
    }
}

/// The messages of one WebSocket by who sent them: opcode, size, hash or close code.
struct MessageList: Equatable, CustomStringConvertible {
    var client: [String] = []
    var server: [String] = []

    init(_ messages: [ExpectedMessages.Message]) {
        for message in messages {
            let content =
                message.opcode == 8 ? message.closeCode.map(String.init) : message.opcode < 8 ? message.sha256 : nil
            self.add("\(message.opcode) \(message.len) \(content ?? "-")", isClient: message.dir == "c2s")
        }
    }

    init(_ frames: [Frame]) {
        for frame in frames {
            let opcode = frame.opcode ?? 0
            let bytes = frame.binary ?? Array((frame.payload ?? "").utf8)
            let content = opcode == 8 ? frame.closeCode.map(String.init) : opcode < 8 ? sha256(bytes) : nil
            self.add("\(opcode) \(frame.sizeBytes) \(content ?? "-")", isClient: frame.sender == .client)
        }
    }

    private mutating func add(_ message: String, isClient: Bool) {
        if isClient { self.client.append(message) } else { self.server.append(message) }
    }

    /// Nothing but messages of `whole`, in its order.
    func isPart(of whole: MessageList) -> Bool {
        func isPart(_ some: [String], _ all: [String]) -> Bool {
            var rest = all[...]
            for message in some {
                guard let index = rest.firstIndex(of: message) else { return false }
                rest = rest[(index + 1)...]
            }
            return true
        }
        return isPart(self.client, whole.client) && isPart(self.server, whole.server)
    }

    var description: String { "client \(self.client), server \(self.server)" }
}

extension DecodedCapture {
    /// The messages of each connection that carried a WebSocket, by its two ends. Rows without their bytes are left out:
    /// they stand for messages that are known only to have been there.
    var webSockets: [(ends: Set<String>, messages: MessageList)] {
        let unreadable = Set(self.anomalies.filter { $0.code.text == "websocket.unreadable-message" }.map(\.frameID))
        return self.connections.compactMap { connection in
            let frames = self.frames.filter { $0.transport == .websocket && $0.connectionID == connection.id }
            guard !frames.isEmpty else { return nil }
            func end(_ address: String, _ port: Int) -> String {
                address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
            }
            return (
                [
                    end(connection.clientAddress, connection.clientPort),
                    end(connection.serverAddress, connection.serverPort),
                ],
                MessageList(frames.filter { !unreadable.contains($0.id) })
            )
        }
    }
}

enum CorpusFiles {
    static let bundledFolder = TestFiles.fixtures.appending(path: "corpus")
    static let bundled = TestFiles.names(in: Self.bundledFolder).filter { $0.hasSuffix(".json") }
    static let folder = TestFiles.shared.appending(path: "corpus")
    static let expected = TestFiles.names(in: Self.folder.appending(path: "expected")).filter {
        $0.contains(".pcap") && $0.hasSuffix(".json")
    }

    /// Captures of every kind, and files that are none.
    static let all: [String] = TestFiles.names(in: Self.folder).filter { $0 != "expected" }.flatMap { project in
        TestFiles.names(in: Self.folder.appending(path: project)).map { "\(project)/\($0)" }
    }.filter { file in ![".md", ".txt", ".json", ".keylog", ".har"].contains { file.hasSuffix($0) } }

    static let derived = TestFiles.names(in: Self.folder.appending(path: "derived"))

    static func derived(_ suffixes: [String]) -> [String] {
        Self.derived.filter { file in suffixes.contains { file.hasSuffix("-\($0).pcap") } }
    }

    static func decodeDerived(_ file: String) throws -> DecodedCapture {
        try DecodedCapture(TestFiles.bytes(Self.folder.appending(path: "derived/\(file)")))
    }

    /// The whole capture that a derived one was made of.
    static func base(of file: String) throws -> DecodedCapture {
        let bases = [
            "zeek-broker": "zeek__zeek/broker-websocket.pcap", "evse-pmd": "witchofthewires__evsetool/cap.pcapng",
            "suricata-ws": "OISF__suricata-verify/websocket.pcap", "zeek-wstunnel-ssh": "zeek__zeek/wstunnel-ssh.pcap",
        ]
        let path = try #require(bases.first { file.hasPrefix($0.key + "-") }?.value)
        return try DecodedCapture(TestFiles.bytes(Self.folder.appending(path: path)))
    }
}

@Suite("WebSocket traffic of other projects")
struct CorpusMessageTests {
    @Test("bundled captures hold the messages that other decoders found", arguments: CorpusFiles.bundled)
    func bundled(_ name: String) throws {
        let expected = try ExpectedMessages(CorpusFiles.bundledFolder.appending(path: name))
        try self.check(expected, CorpusFiles.bundledFolder.appending(path: name.replacing(".json", with: "")))
    }

    @Test("the hash that they are compared by is SHA-256")
    func hash() {
        #expect(sha256([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(sha256(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            sha256([UInt8](repeating: 0x61, count: 1_000))
                == "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3")
    }

    private func check(_ expected: ExpectedMessages, _ file: URL) throws {
        let webSockets = try DecodedCapture(TestFiles.bytes(file)).webSockets
        for stream in expected.streams {
            let want = MessageList(stream.messages)
            let have = webSockets.filter { $0.ends == [stream.node0, stream.node1] }.map(\.messages)
            #expect(have.contains(want), "\(stream.node0) \(stream.node1)")
        }
        #expect(!expected.streams.isEmpty)
        #expect(webSockets.count == expected.streams.count)
    }

    @Suite(.enabled(if: !CorpusFiles.all.isEmpty, "../shared/corpus is not there: it is no part of the repository"))
    struct Shared {
        @Test("captures hold the messages that other decoders found", arguments: CorpusFiles.expected)
        func expected(_ name: String) throws {
            let expected = try ExpectedMessages(CorpusFiles.folder.appending(path: "expected/\(name)"))
            try CorpusMessageTests().check(expected, CorpusFiles.folder.appending(path: expected.file))
        }

        @Test("every file is decoded, or refused by an error that says why", arguments: CorpusFiles.all)
        func decodes(_ file: String) throws {
            let bytes = try TestFiles.bytes(CorpusFiles.folder.appending(path: file))
            do {
                let decoded = try DecodedCapture(bytes)
                #expect(decoded.frames.map(\.id) == Array(1..<Int64(decoded.frames.count) + 1))
                let ids = Set(decoded.connections.map(\.id))
                #expect(decoded.frames.allSatisfy { ids.contains($0.connectionID) })
                let sessions = Set(decoded.sessions.map(\.id))
                #expect(decoded.frames.allSatisfy { frame in frame.sessionID.map(sessions.contains) ?? true })
                let frames = Set(decoded.frames.map(\.id))
                #expect(decoded.anomalies.allSatisfy { anomaly in anomaly.frameID.map(frames.contains) ?? true })
            } catch {
                #expect(!error.description.isEmpty)
            }
        }

        @Test(
            "the same packets, written otherwise or doubled, give the same messages",
            arguments: CorpusFiles.derived(["nsec", "bigendian", "duplicated"]))
        func same(_ file: String) throws {
            let base = try CorpusFiles.base(of: file)
            let derived = try CorpusFiles.decodeDerived(file)
            #expect(derived.webSockets.map(\.messages) == base.webSockets.map(\.messages))
            #expect(derived.webSockets.map(\.ends) == base.webSockets.map(\.ends))
            #expect(derived.connections.allSatisfy { $0.missingBytes == 0 })
        }

        @Test(
            "packets out of order, data up to 3 s behind its acknowledgement: the same messages",
            arguments: CorpusFiles.derived(["reordered"]))
        func reordered(_ file: String) throws {
            let base = try CorpusFiles.base(of: file)
            let derived = try CorpusFiles.decodeDerived(file)
            #expect(derived.webSockets.map(\.ends) == base.webSockets.map(\.ends))
            // This one holds data up to 18 s behind its acknowledgement, which no network does: by then it is taken for
            // missing. Nothing is invented, and the gaps are told.
            let isBeyondPatience = file.hasPrefix("zeek-wstunnel-ssh")
            #expect(derived.codes.contains("tcp.gap") == isBeyondPatience)
            for (some, whole) in zip(derived.webSockets, base.webSockets) {
                #expect(isBeyondPatience ? some.messages.isPart(of: whole.messages) : some.messages == whole.messages)
            }
        }

        @Test(
            "with a packet lost nothing is invented, and the gap is told", arguments: CorpusFiles.derived(["one-lost"]))
        func oneLost(_ file: String) throws {
            let base = try CorpusFiles.base(of: file)
            let derived = try CorpusFiles.decodeDerived(file)
            // Of one capture every packet was there twice: what was taken out is not missing.
            let isDoubled = file.hasPrefix("evse-pmd")
            #expect(derived.codes.contains("tcp.gap") == !isDoubled)
            #expect(derived.connections.contains { $0.missingBytes > 0 } == !isDoubled)
            #expect(derived.webSockets.count == base.webSockets.count)
            for (some, whole) in zip(derived.webSockets, base.webSockets) {
                let isWhole = some.messages == whole.messages
                #expect(isWhole || (!isDoubled && some.messages.isPart(of: whole.messages)), "\(some.messages)")
            }
        }

        @Test(
            "cut by a snap length, no message is shown whose bytes are missing",
            arguments: CorpusFiles.derived(["snap100"]))
        func snapped(_ file: String) throws {
            let base = try CorpusFiles.base(of: file)
            let derived = try CorpusFiles.decodeDerived(file)
            #expect(derived.facts.droppedPackets > 0)
            for some in derived.webSockets {
                let whole = try #require(base.webSockets.first { $0.ends == some.ends })
                #expect(some.messages.isPart(of: whole.messages), "\(some.messages)")
            }
        }

        @Test(
            "joined mid-stream or seen from one side only, nothing is invented",
            arguments: CorpusFiles.derived(["midstream", "server-side-only"]))
        func partial(_ file: String) throws {
            let base = try CorpusFiles.base(of: file)
            let derived = try CorpusFiles.decodeDerived(file)
            for some in derived.webSockets {
                let whole = try #require(base.webSockets.first { $0.ends == some.ends })
                #expect(some.messages.isPart(of: whole.messages), "\(some.messages)")
            }
        }
    }
}
