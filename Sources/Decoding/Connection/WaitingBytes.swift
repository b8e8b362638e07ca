import TimelineModel
import Wire

/// Stream bytes that wait until it is known what they are, in order, with the gaps between them.
struct WaitingBytes {
    enum Piece {
        case bytes(ArraySlice<UInt8>, ChunkFacts)
        case gap(count: Int, at: Timestamp)
    }

    private var pieces: [Piece] = []
    /// Those before it have been taken.
    private var first = 0

    var count: Int { self.pieces.count - self.first }

    mutating func append(_ piece: Piece) {
        self.pieces.append(piece)
    }

    /// The oldest piece, which is out then.
    mutating func take() -> Piece? {
        guard self.first < self.pieces.count else { return nil }
        let piece = self.pieces[self.first]
        self.first += 1
        if self.first == self.pieces.count || self.first > 256 {
            self.pieces.removeFirst(self.first)
            self.first = 0
        }
        return piece
    }

    /// What is left of the piece that was taken last; it comes first again. Nothing is copied.
    mutating func putBack(_ piece: Piece) {
        if self.first > 0 {
            self.first -= 1
            self.pieces[self.first] = piece
        } else {
            self.pieces.insert(piece, at: 0)
        }
    }
}
