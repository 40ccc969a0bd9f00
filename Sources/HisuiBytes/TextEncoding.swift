/// How the bytes of a record become text.
///
/// Records are kept as they came; only what is looked at is decoded. The raw value is stored;
/// never renumber.
public enum TextEncoding: UInt8, Sendable, CaseIterable {
    case utf8 = 0
    /// Shift_JIS as Microsoft extended it: Windows-31J, code page 932.
    case cp932 = 1
    /// EUC-JP: JIS X 0208 in two bytes from A1, half-width katakana behind 8E, JIS X 0212
    /// behind 8F.
    case eucJP = 2
}
