/// What somebody who misspelt a name most likely meant.
public enum NearestName {
    /// The candidate nearest to `name`, or nil if none is near: at most two edits (a character
    /// more, less or other, or two neighbours exchanged), or a third of the name's characters.
    ///
    /// Letters that differ in case only count as equal. Of several equally near ones, the first.
    ///
    /// - Complexity: O(n · m) for each candidate; names are short and this is for messages.
    public static func suggestion(
        for name: String, in candidates: some Sequence<String>
    ) -> String? {
        let wanted = Array(name.lowercased().unicodeScalars)
        guard wanted.count <= 128 else { return nil }
        var best: (distance: Int, name: String)?
        for candidate in candidates {
            let letters = Array(candidate.lowercased().unicodeScalars)
            // At least one character must be right, or every name of two is near every other.
            let most = min(max(2, wanted.count / 3), max(wanted.count, letters.count) - 1)
            guard abs(letters.count - wanted.count) <= most else { continue }
            let found = distance(wanted, letters)
            if found <= most, found < best?.distance ?? .max { best = (found, candidate) }
        }
        return best?.name
    }

    /// Edits between two names: optimal string alignment.
    static func distance<Element: Equatable>(_ a: [Element], _ b: [Element]) -> Int {
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for (i, left) in a.enumerated() {
            var row = [i + 1]
            for (j, right) in b.enumerated() {
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (left == right ? 0 : 1))
                if i > 0, j > 0, left == b[j - 1], a[i - 1] == right {
                    cost = min(cost, beforeLast[j - 1] + 1)
                }
                row.append(cost)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
