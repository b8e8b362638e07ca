/// Pieces in the order in which they came. To take one costs the same however many wait.
struct PieceQueue<Piece> {
    private var pieces: [Piece] = []
    /// Those before it have been taken.
    private var taken = 0

    var isEmpty: Bool { self.taken == self.pieces.count }
    var count: Int { self.pieces.count - self.taken }

    /// The oldest and the newest piece, which stay.
    var first: Piece? { self.isEmpty ? nil : self.pieces[self.taken] }
    var last: Piece? { self.isEmpty ? nil : self.pieces.last }

    mutating func append(_ piece: Piece) {
        self.pieces.append(piece)
    }

    /// The oldest piece, which is out then.
    mutating func take() -> Piece? {
        guard let piece = self.first else { return nil }
        self.taken += 1
        if self.isEmpty || self.taken > 256 {
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
