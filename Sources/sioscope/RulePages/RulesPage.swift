import Faults

/// `Documentation.docc/Rules.md`: every rule on one page, in the order of the layers.
enum RulesPage {
    static var markdown: String {
        let pages = Catalogue.all.map { $0.page }
        var text = """
            # The rules

            What `sioscope analyze` looks for. Each rule has an id that stays; `sioscope rules ID` prints its part of
            this page. `error`: a specification is broken, or a loss is proven; `warning`: likely to hurt; `note`: good
            to know. A rule that needs what a capture does not hold stays silent. The `status` of a finding says whether
            the consequence shows in the capture (`confirmed`: the server closed, the request was refused) or not
            (`latent`).

            A file `.sioscope.toml` in the current folder or above it (or one that `--config` names) changes them:

            ```toml
            [analyze]
            fail_on = "warning"           # what makes the exit status 1: error, warning, note or never

            [rules.pong-missing]
            severity = "warning"

            [rules.eio4-client-ping]
            enabled = false
            ```

            A threshold that a rule names below is a key of its table.

            To see a rule at work, or to try what a server does about it, a recorded client can be made to break most of
            those that are a client's to keep: `sioscope replay RUN.db --misbehave ID` in memory, with `--as client --to
            URL` towards a server. `sioscope rules --misbehave` lists them. What is an error fails the replay; warnings and
            notes are told and fail none.

            <!-- Made of the rules' own pages: RECORD_GOLDEN=1 swift test --filter RulesPage -->

            """
        for layer in RulePage.Layer.allCases {
            let rules = pages.filter { $0.layer == layer }
            guard !rules.isEmpty else { continue }
            text += "\n## \(layer.rawValue)\n"
            for page in rules { text += "\n### `\(page.id)`\n\n" + RuleText.markdown(page) }
        }
        return text
    }
}
