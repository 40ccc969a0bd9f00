@testable import HisuiCollect

extension ShipperRecords {
    var texts: [String] {
        records.map { String(decoding: bytes[$0.range], as: UTF8.self) }
    }
}

/// What is answered to a body that is not taken; nil if it is.
func problem(_ form: ShipperForm, _ bytes: [UInt8]) -> String? {
    do throws(HTTPContentError) {
        _ = try ShipperBody.read(form, bytes)
        return nil
    } catch {
        return "\(error.status.rawValue) \(error.detail)"
    }
}

func problem(_ form: ShipperForm, _ text: String) -> String? {
    problem(form, Array(text.utf8))
}
