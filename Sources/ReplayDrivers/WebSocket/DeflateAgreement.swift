/// permessage-deflate as a server agrees on it with what a client offers. Source: RFC 7692, section 7.1.
struct DeflateAgreement: Hashable {
    var serverNoContextTakeover = false
    var clientNoContextTakeover = false
    /// 9 to 15.
    var serverWindowBits: Int32 = 15
    /// A client that named it wants to be told.
    private var namesServerWindow = false

    /// The first offer that can be taken; nil where there is none.
    ///
    /// - Parameter offers: values of `Sec-WebSocket-Extensions`.
    init?(offers: [String]) {
        for offer in offers.flatMap({ $0.split(separator: ",") }) {
            guard let agreement = Self(offer: offer) else { continue }
            self = agreement
            return
        }
        return nil
    }

    private init?(offer: Substring) {
        let parts = offer.split(separator: ";").map { part in
            part.filter { $0 != " " && $0 != "\t" && $0 != "\"" }.lowercased()
        }
        guard parts.first == "permessage-deflate" else { return nil }
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1)
            switch pair.first {
            case "server_no_context_takeover": self.serverNoContextTakeover = true
            case "client_no_context_takeover": self.clientNoContextTakeover = true
            case "server_max_window_bits":
                // zlib writes no raw stream with a window of 2^8.
                guard pair.count == 2, let bits = Int32(pair[1]), (9...15).contains(bits) else { return nil }
                self.serverWindowBits = bits
                self.namesServerWindow = true
            // Whatever window the client uses, ours reads it.
            case "client_max_window_bits": break
            default: return nil
            }
        }
    }

    /// The value of the answer's `Sec-WebSocket-Extensions`.
    var answer: String {
        var text = "permessage-deflate"
        if self.serverNoContextTakeover { text += "; server_no_context_takeover" }
        if self.clientNoContextTakeover { text += "; client_no_context_takeover" }
        if self.namesServerWindow { text += "; server_max_window_bits=\(self.serverWindowBits)" }
        return text
    }
}
