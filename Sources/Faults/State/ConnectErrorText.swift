import JSONText

/// What a CONNECT_ERROR says: version 5 has an object with a `message`, version 4 and python-socketio a text.
struct ConnectErrorText {
    let text: String?
    /// It is an object with a text under `message`, as version 5 wants it.
    let isObject: Bool

    init(_ payload: String?) {
        let body = payload.flatMap { try? JSONValue($0) }
        self.isObject = body?["message"]?.string != nil
        self.text = body?["message"]?.string ?? body?.string
    }
}
