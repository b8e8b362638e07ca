import TimelineModel
import Wire

/// Stream bytes that wait until it is known what they are, or a gap between such.
enum WaitingBytes {
    case bytes(ArraySlice<UInt8>, ChunkFacts)
    case gap(count: Int, at: Timestamp)
}
