import HisuiBytes
import HisuiFile
import HisuiPolicy
import HisuiYAML

/// The shipped recipes: how devices are made to send.
enum Recipes {
    /// Every `*.yaml` of the shipped directory, or of other directories and files, by id.
    static func load(
        _ paths: [String] = []
    ) throws(Failure) -> (recipes: [Recipe], diagnostics: [Diagnostic]) {
        guard let shipped = ShippedData.recipes() else {
            throw Failure(
                .refused,
                say("the shipped recipes are not beside the program", "同梱の接続手順が見つかりません"))
        }
        var recipes: [Recipe] = []
        var diagnostics: [Diagnostic] = []
        for path in paths.isEmpty ? [shipped] : paths {
            for file in try files(path) {
                let (recipe, wrong) = RecipeReader.read(try InputFile.bytes(file), file: file)
                diagnostics += wrong
                if let recipe { recipes.append(recipe) }
            }
        }
        return (recipes.sorted { $0.id < $1.id }, diagnostics)
    }

    private static func files(_ path: String) throws(Failure) -> [String] {
        if path.hasSuffix(".yaml") { return [path] }
        do {
            return try RealFileSystem().list(path).filter { $0.hasSuffix(".yaml") }
                .sorted().map { Path.join(path, $0) }
        } catch {
            throw Failure(.refused, "\(error)")
        }
    }
}
