import Testing

@testable import Faults

@Suite("Rules")
struct RuleFixtureTests {
    @Test("say of each fixture what is written there", arguments: Scenario.all)
    func fixture(_ scenario: Scenario) throws {
        let findings = try scenario.findings()
        #expect(findings == scenario.expected)
        #expect(scenario.fires == !scenario.expected.isEmpty)
    }

    @Test("every file of fixtures is of a rule", arguments: Scenario.files)
    func file(_ rule: String) throws {
        #expect(Catalogue.page(rule) != nil)
        #expect(try !Scenario.read(rule: rule).isEmpty)
    }

    @Test(
        "each has a page, a fixture that fires and one that stays silent", arguments: Catalogue.all.map { $0.page.id })
    func complete(_ rule: String) throws {
        let scenarios = try Scenario.read(rule: rule)
        #expect(scenarios.contains { $0.fires })
        #expect(scenarios.contains { !$0.fires })
    }

    @Test("each trap of the catalogue's list has a fixture in which nothing is alarmed", arguments: 1...25)
    func trap(_ number: Int) {
        let fixtures = Scenario.all.filter { $0.trap == "3.7.\(number)" }
        #expect(fixtures.contains { $0.expected.allSatisfy { $0.severity == "note" } })
    }

    @Test("there are as many rules as the catalogue counts, each once")
    func count() {
        #expect(Catalogue.all.count == 99)
        #expect(Set(Catalogue.all.map { $0.page.id }).count == 99)
    }

    @Test(
        "a threshold shifted by one step changes what some fixture gives", arguments: Catalogue.all.map { $0.page.id })
    func thresholds(_ rule: String) throws {
        guard let page = Catalogue.page(rule) else { return }
        for threshold in page.thresholds {
            let scenarios = try Scenario.read(rule: rule).filter { $0.thresholds[threshold.name] == nil }
            for shifted in [threshold.standard - threshold.step, threshold.standard + threshold.step] {
                let isNoticed = try scenarios.contains {
                    try $0.findings(shifting: [threshold.name: shifted]) != $0.expected
                }
                #expect(isNoticed, "\(rule): no fixture notices \(threshold.name) = \(shifted)")
            }
        }
    }
}
