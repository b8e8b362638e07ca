import TimelineModel

/// What is due, by time; of one moment in the order in which it was put in. A binary heap.
struct EventQueue<Event: Sendable>: Sendable {
    private struct Entry {
        var at: Timestamp
        var number: UInt64
        var event: Event

        func precedes(_ other: Entry) -> Bool { (self.at, self.number) < (other.at, other.number) }
    }

    private var heap: [Entry] = []
    private var next: UInt64 = 0

    var isEmpty: Bool { self.heap.isEmpty }
    var firstDue: Timestamp? { self.heap.first?.at }

    mutating func push(_ event: Event, at: Timestamp) {
        self.heap.append(Entry(at: at, number: self.next, event: event))
        self.next += 1
        var place = self.heap.count - 1
        while place > 0 {
            let parent = (place - 1) / 2
            guard self.heap[place].precedes(self.heap[parent]) else { break }
            self.heap.swapAt(place, parent)
            place = parent
        }
    }

    mutating func pop() -> (at: Timestamp, event: Event)? {
        guard let last = self.heap.popLast() else { return nil }
        guard let first = self.heap.first else { return (last.at, last.event) }
        self.heap[0] = last
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2]
            where child < self.heap.count && self.heap[child].precedes(self.heap[least]) {
                least = child
            }
            guard least != place else { break }
            self.heap.swapAt(place, least)
            place = least
        }
        return (first.at, first.event)
    }
}
