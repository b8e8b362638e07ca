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
    private var taken = 0

    var count: Int { self.pieces.count - self.taken }

    mutating func append(_ piece: Piece) {
        self.pieces.append(piece)
    }

    /// The oldest piece, which stays.
    var first: Piece? { self.taken < self.pieces.count ? self.pieces[self.taken] : nil }

    /// The oldest piece, which is out then.
    mutating func take() -> Piece? {
        guard self.taken < self.pieces.count else { return nil }
        let piece = self.pieces[self.taken]
        self.taken += 1
        if self.taken == self.pieces.count || self.taken > 256 {
            self.pieces.removeFirst(self.taken)
            self.taken = 0
        }
        return piece
    }

    /// What is left of the piece that was taken last; it comes first again. Nothing is copied.
    mutating func putBack(_ piece: Piece) {
        if self.taken > 0 {
            self.taken -= 1
            self.pieces[self.taken] = piece
        } else {
            self.pieces.insert(piece, at: 0)
        }
    }
}
