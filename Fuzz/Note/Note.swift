import HisuiProof

/// Feeds the readers of notes, checkpoints, epochs, proofs, trust files, keys and files of notes.
/// What is accepted is written again as it was read.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzNote(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    if let note = try? SignedNote(parsing: bytes) {
        precondition(note.encoded == bytes)
        if let checkpoint = try? Checkpoint(parsing: note.text) { check(checkpoint) }
        if let epoch = try? Epoch(parsing: note.text) {
            precondition(epoch.text.utf8.elementsEqual(note.text.utf8))
        }
    }
    if let proof = try? TlogProof(parsing: bytes) { precondition(proof.encoded == bytes) }
    if let trust = try? TrustFile(parsing: bytes) {
        let again = try? TrustFile(parsing: Array(trust.text(comment: "again").utf8))
        precondition(again == trust)
    }
    if let file = try? NoteFile(bytes) {
        let whole = file.entries.flatMap { NoteFile.encoded($0.note) }
        precondition(whole == Array(bytes[..<file.tail.lowerBound]))
    }
    let text = String(decoding: bytes, as: UTF8.self)
    if let verifier = try? NoteVerifier(vkey: text) {
        precondition(verifier.vkey.utf8.elementsEqual(text.utf8))
    }
    if let checkpoint = try? Checkpoint(parsing: text) { check(checkpoint) }
    return 0
}

/// The order of known lines may be another one; read again, nothing is lost.
private func check(_ checkpoint: Checkpoint) {
    precondition((try? Checkpoint(parsing: checkpoint.text)) == checkpoint)
}
