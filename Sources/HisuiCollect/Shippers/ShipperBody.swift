package import HisuiEvent

/// The forms of requests in which shippers send logs.
package enum ShipperForm: Hashable, Sendable, CaseIterable {
    /// Elasticsearch's `_bulk`: an action, a document, an action, …, a line each.
    case bulk
    /// A JSON object on each line.
    case lines
    /// Loki's push request, as JSON.
    case loki
    /// `ExportLogsServiceRequest` of OpenTelemetry.
    case otlpJSON, otlpProtobuf
}

/// The records of one request.
package struct ShipperRecords: Sendable {
    package struct Record: Hashable, Sendable {
        /// In `bytes`.
        package var range: Range<Int>
        package var flags: RowFlags
    }

    /// What the records are parts of: the body, or texts that were made of it.
    package internal(set) var bytes: [UInt8] = []
    package private(set) var records: [Record] = []
    /// Of a bulk request, what became of each of its documents.
    var outcomes: [BulkOutcome] = []

    init() {}

    /// Adds a record that stands in `bytes`; what is longer than a record may be is cut.
    mutating func add(_ range: Range<Int>, _ flags: RowFlags = []) throws(HTTPContentError) {
        guard records.count < Limits.shipperRecordsMax else {
            throw HTTPContentError(
                .contentTooLarge, "more than \(Limits.shipperRecordsMax) records")
        }
        let kept = range.prefix(Limits.recordBytesMax)
        let isWhole = kept.count == range.count
        records.append(Record(range: kept, flags: isWhole ? flags : flags.union(.truncated)))
    }

    /// Adds a record that was made at the end of `bytes`.
    mutating func add(
        madeFrom start: Int, _ flags: RowFlags = []
    ) throws(HTTPContentError) {
        try add(start..<bytes.count, flags)
        let end = start + Limits.recordBytesMax
        if bytes.count > end { bytes.removeSubrange(end...) }
        guard bytes.count <= Limits.shipperRecordsBytesMax else {
            throw HTTPContentError(
                .contentTooLarge,
                "its records have more than \(Limits.shipperRecordsBytesMax >> 20) MiB")
        }
    }
}

/// Reads bodies of requests, whole ones: all of one is taken, or nothing.
package enum ShipperBody {
    /// The records of a body.
    ///
    /// - Complexity: O(bytes).
    package static func read(
        _ form: ShipperForm, _ body: consuming [UInt8]
    ) throws(HTTPContentError) -> ShipperRecords {
        switch form {
        case .bulk: try BulkReader.read(body)
        case .lines: try ObjectLineReader.read(body)
        case .loki: try LokiReader.read(body)
        case .otlpJSON: try OTLPJSONReader.read(body)
        case .otlpProtobuf: try OTLPProtobufReader.read(body)
        }
    }
}
