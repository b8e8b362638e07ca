import ArgumentParser
@main struct Sioscope: ParsableCommand { static let configuration = CommandConfiguration(commandName: "sioscope") }
