import SocketIO
import Testing

@Suite("Attachments")
struct AttachmentAssemblerTests {
    private func header(_ attachments: Int, event: String = "e") -> AttachmentAssembler.Header {
        .init(namespace: "/", event: event, ackID: nil, attachments: attachments)
    }

    @Test("binary messages are numbered from 0 until all are there")
    func joins() {
        var assembler = AttachmentAssembler()
        #expect(assembler.receiveBinary() == nil)
        assembler.begin(self.header(2))
        #expect(assembler.missing?.count == 2)
        #expect(assembler.receiveBinary()?.number == 0)
        #expect(assembler.missing?.count == 1)
        #expect(assembler.receiveBinary()?.number == 1)
        #expect(assembler.missing == nil)
        #expect(assembler.receiveBinary() == nil)
    }

    @Test("a header of none waits for none; a new header takes the place of an old one", arguments: [0, -1])
    func begins(_ none: Int) {
        var assembler = AttachmentAssembler()
        assembler.begin(self.header(2, event: "old"))
        assembler.begin(self.header(1, event: "new"))
        #expect(assembler.receiveBinary()?.header.event == "new")
        assembler.begin(self.header(2, event: "old"))
        assembler.begin(self.header(none))
        #expect(assembler.receiveBinary() == nil)
    }

    @Test("an interruption is told once, and the attachments may still come")
    func interrupts() {
        var assembler = AttachmentAssembler()
        #expect(assembler.interrupt() == nil)
        assembler.begin(self.header(3))
        _ = assembler.receiveBinary()
        #expect(assembler.interrupt()?.count == 2)
        #expect(assembler.interrupt() == nil)
        #expect(assembler.receiveBinary()?.number == 1)
        #expect(assembler.interrupt() == nil)
        #expect(assembler.receiveBinary()?.number == 2)
        assembler.begin(self.header(1))
        #expect(assembler.interrupt()?.count == 1)
    }

    @Test("after a loss nothing is joined that may belong elsewhere")
    func loses() {
        var assembler = AttachmentAssembler()
        assembler.begin(self.header(2))
        assembler.lose()
        #expect(assembler.missing == nil)
        #expect(assembler.receiveBinary() == nil)
    }
}
