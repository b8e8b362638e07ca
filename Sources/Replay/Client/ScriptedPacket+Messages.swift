import EngineIO
import TimelineModel

extension ScriptedPacket {
    /// As Engine.IO packets: its header, and its attachments behind it.
    func messages(_ version: EngineIOVersion) -> [EngineIOPacket] {
        var header = self.header
        if version == .v3, self.type == .connect, let query = self.payload, query.hasPrefix("?") {
            // Version 4 of Socket.IO carries what is asked of a namespace in its name.
            header = "0\(self.namespace)\(query),"
        }
        return [EngineIOPacket(.message, header)] + self.attachments.map { EngineIOPacket(.message, binary: $0) }
    }
}
