/// Every bound on what comes from outside, with its reason. Nothing else in the code names a bound.
public enum Limits {
    /// One record. 1 MiB lines are stored whole; what is longer is cut here and flagged.
    public static let recordBytesMax = 1 << 20
    /// The arena of a batch: offsets are 32 bits, and a batch should fit the caches.
    public static let batchBytesMax = 4 << 20
    public static let batchRecordsMax = 8192
    /// Shapes that a dry run of an import counts before it forgets the rarer half of them.
    public static let surveyShapesMax = 65_536
    /// A source's position token in a batch. The journal's cursor has about 130 bytes; that of a
    /// folder tells which files were taken; RELP keeps what its senders may send again,
    /// `relpLanesMax` times `relpWindowMax` digests at most.
    public static let positionBytesMax = 32 << 10
    /// Files that the source of a folder remembers, some 25 bytes each in its position: nearly
    /// three years of a daily one. More in the folder at once are not taken.
    public static let folderFilesMax = 1024
    /// A message of a mail folder: mail servers take 10 to 50 MB. It is read into memory whole.
    public static let mailBytesMax = 64 << 20
    /// Of its head, and of that of each part, what becomes fields; and how many.
    public static let mailHeadBytesMax = 64 << 10
    public static let mailFieldsMax = 512
    /// Parameters of one field: a long name has a dozen pieces.
    public static let mailParametersMax = 64
    /// Parts of a message, and how deep they nest: a forwarded alert has four levels.
    public static let mailPartsMax = 256
    public static let mailDepthMax = 8
    /// What a record has of a message's text, of each other value, and of names of attachments:
    /// escaped six times as long, all of it stays below `recordBytesMax`.
    public static let mailTextBytesMax = 64 << 10
    public static let mailValueBytesMax = 1024
    public static let mailNamesMax = 64
    /// Lines `NAME: VALUE` of one report, reports of a message, and bytes of a name.
    public static let mailItemsMax = 64
    public static let mailReportsMax = 256
    public static let mailItemNameBytesMax = 72
    /// Records of a RELP session that may be sent again when it was cut, and their digests of 8
    /// bytes: rsyslog's window is 128, and what it did not hear acknowledged is no more than that.
    public static let relpWindowMax = 512
    public static let relpWindowDefault = 256
    /// Sessions of one RELP sender whose windows are remembered: one for each of its workers.
    public static let relpLanesMax = 7
    /// Commands of a RELP session that wait for the store; beyond, the session is not read. A
    /// sender keeps to its window, so it is the others that meet this.
    public static let relpUnansweredMax = 16_384
    /// Bytes of answers that a sender has not read; beyond, it is cut off.
    public static let unsentBytesMax = 1 << 20
    /// Bytes of records that wait until it is known whether they are repeated.
    public static let relpHeldBytesMax = 4 << 20
    /// Bytes of all requests of a listener that are not whole or not answered: partial records,
    /// heads, and the windows of decompression. Who needs more is turned away.
    public static let httpHeldBytesMax = 128 << 20
    /// Bytes that are read of a client that was turned away, so that it reads why, and how long.
    public static let httpDrainBytesMax = 1 << 20
    public static let httpDrainMillisMax = 3000
    /// A connection on which nothing comes for so long is closed, unless configured: senders open
    /// another one when they have something to say.
    public static let httpIdleSecondsDefault = 300
    /// From a head's first byte to its last; and to the first from when the connection was made.
    public static let httpHeadMillisMax = 20_000
    /// From the first byte of a request that is kept until it is whole to its last: who sends a
    /// byte now and then would hold what others need. 32 MiB take so long at 900 kbit/s.
    public static let httpRequestSecondsMax = 300
    /// Decompressed bytes for each compressed one of a body, above the first 16 MiB: logs have 5 to
    /// 50, the same line again and again 200.
    public static let httpExpansionRatioMax = 256
    public static let httpExpansionFreeBytes = 16 << 20
    /// Window of a zstd body (8 MiB): no sender may ask for more (RFC 9659).
    public static let httpZstdWindowLogMax = 23
    /// Bearer tokens of one listener: one for each device of a large site.
    public static let httpTokensMax = 4096
    /// Runs of numbers of journal entries that one uploading source has sent, 48 bytes each in its
    /// position: one for each writer, and one more for each hole in a writer's numbers.
    public static let uploadRunsMax = 256
    /// The head of an HTTP request, and its trailer: shippers send some hundred bytes, cookies and
    /// tokens of proxies some thousand.
    public static let httpHeadBytesMax = 16_384
    public static let httpFieldsMax = 64
    /// Path and query of a request; those of receivers have some dozen bytes.
    public static let httpTargetBytesMax = 2048
    /// The first line of a chunk: sixteen digits, and extensions that nobody sends.
    public static let httpChunkLineBytesMax = 128
    /// A shipper's request, decompressed: they send 1 to 20 MiB at once. It is kept until it is
    /// whole.
    public static let shipperBodyBytesMax = 32 << 20
    /// All records made of one request, in which labels and resources are repeated.
    public static let shipperRecordsBytesMax = 64 << 20
    /// Records of one request: lines of 128 bytes on the average.
    public static let shipperRecordsMax = 262_144
    /// What all records of a Loki stream, an OTLP resource or scope have in common; Loki takes 15
    /// labels of 3 KiB.
    public static let shipperSharedBytesMax = 64 << 10
    /// Documents of a bulk request, of which each has some 26 bytes of the answer, and those that
    /// are refused, with 150: an answer stays below `unsentBytesMax`.
    public static let bulkItemsMax = 32_768
    public static let bulkRefusedMax = 1024
    /// Values of OpenTelemetry in values: JSON's nesting of 64 has room for as many.
    public static let otlpDepthMax = 16
    /// Files of one source that imports remember, 30 bytes each in the footer of every segment
    /// since: forty years of a file that is rotated daily.
    public static let importedFilesMax = 16_384
    public static let sourceIDBytesMax = 128
    /// Slots of one shape; a record that needs more is stored as one slot.
    public static let slotsPerShapeMax = 255
    /// Shapes a segment may hold before new ones become "any text" (DESIGN §4: degrade, not
    /// explode).
    public static let shapesPerSegmentMax = 65_536
    /// Streams of a zone.
    public static let streamsPerZoneMax = 8
    /// The open part of a stream: what a reader has to take from the write-ahead log.
    public static let openRowsMax = 262_144
    /// Rows of one block: what a search decompresses and holds at once.
    public static let blockRowsMax = 262_144
    /// Record bytes after which a block is full: offsets within it are 32 bits, and a reader
    /// needs this much memory at most, plus one record. Twice as many rows of syslog as a block
    /// has; entries of journals, five times as long, make smaller blocks.
    public static let blockBytesMax = 32 << 20
    /// Rows of one segment that an import writes; a sealed log file has `openRowsMax` at most.
    public static let segmentRowsMax = 1_048_576
    /// A log file is closed, to become a segment, when it is this long or its first row this old:
    /// so much has to be read again after a crash, and a quiet stream is sealed within the hour.
    public static let openLogBytesMax = 64 << 20
    public static let openLogAgeSecondsMax = 3600
    /// One frame of the log: a batch, and the shapes it is the first to use, at their largest.
    public static let logFrameBytesMax = 64 << 20
    /// Appended and not yet committed, while the disk is full: then reception has to wait.
    public static let logPendingBytesMax = 64 << 20
    /// Directories of blocks that a reader keeps between searches, and what it counted of their
    /// rows: by estimate some 500 KB each, enough for 15 million rows.
    public static let directoryBytesMax = 64 << 20
    /// Chunks, decompressed, that a reader keeps for searches of the same stretch of a store.
    public static let recentChunkBytesMax = 32 << 20
    /// A chunk of a segment, decompressed: the longest column a block can have, which is all bytes
    /// of its records and their lengths.
    public static let chunkBytesMax = 96 << 20
    /// A section of a segment's footer, decompressed: all shapes of a segment.
    public static let segmentSectionBytesMax = 256 << 20
    /// Segments of so many rows or bytes are not merged: they have a whole block already, and
    /// another one beside it saves little for the work.
    public static let mergeRowsBelow = 131_072
    public static let mergeBytesBelow = 16 << 20
    /// Files that become one by a merge: fewer are not worth it before their day has ended; each is
    /// mapped while it lasts.
    public static let mergeFilesLeast = 8
    public static let mergeFilesMax = 64
    /// Bytes of the files of one merge: some seconds of work, which a stop waits for at most.
    public static let mergeBytesMax = 128 << 20
    /// How long a deletion waits for a merge to end: some seconds on a slow disk.
    public static let expiryLockMillisMax = 60_000
    /// Bytes of logs that wait to be sealed; beyond, reception has to wait. Ten seconds of what two
    /// processors can take in beyond what they can seal; a reader holds two to three times as much.
    public static let waitingLogBytesMax = 256 << 20
    /// After so long what was taken is in the store or, where senders cannot wait, in the spill
    /// ring: 200 ms for room, a second for the store, 200 ms until that is seen, and to write it.
    public static let takenMillisMax = 2000
    /// One frame of the spill ring: a batch of a sender, with the names of its other senders.
    public static let spillFrameBytesMax = 16 << 20
    /// Files that a full spill ring has at least: so much of it goes at once when it is full.
    public static let spillFilesLeast = 16
    /// Logs that wait to be sealed, when sealing fails: an hour or a quarter million rows each.
    public static let closedLogsMax = 1 << 20
    /// A rule's template: the longest message text known is a tenth of it.
    public static let templateBytesMax = 4096
    /// Fixed text of a rule for any program: brackets and blanks alone fit messages of others.
    public static let anyProgramTextBytesMin = 4
    /// Fields of a rule, with room for those of the header in `slotsPerShapeMax`.
    public static let capturesPerRuleMax = 64
    /// Columns of a table, with room for other slots in `slotsPerShapeMax`.
    public static let columnsMax = 200
    /// Bytes at the beginning of a table in which its line of column names has to end.
    public static let columnLineBytesMax = 64 << 10
    /// Different tables whose columns a parser remembers.
    public static let tablesRememberedMax = 1024
    /// Byte comparisons a rule may cost for each byte of a message: so that no definition, however
    /// odd, makes a line of 1 MiB take seconds. Those shipped stay below 1,024.
    public static let ruleCostMax = 2048
    /// Rules of one definition file; ten times the largest generated one.
    public static let rulesPerDefinitionMax = 32_768
    /// Values that `when` or `cases` may list for one name: the message numbers of a large device.
    public static let valuesPerCaseMax = 4096
    /// Texts with which a definition's messages may begin: the families of messages of one device.
    public static let firstsPerDefinitionMax = 256
    /// Writers of journals whose numbering is remembered to see skipped entries: the machines of a
    /// directory of remote journals. Each has 32 bytes in the position.
    public static let journalWritersMax = 1000
    /// Entries looked at when going back for skipped ones, so that a hole costs at most a second.
    public static let journalHoleStepsMax = 262_144
    /// Bytes of records read from a journal before it is opened again. libsystemd keeps what it has
    /// read mapped, up to 512 MiB; opening again costs a millisecond.
    public static let journalMappedBytesMax = 8 << 20
    /// One field of a journal entry: what journald itself accepts; a larger length is damage.
    public static let journalFieldBytesMax = 768 << 20
    /// Fields of one journal entry, as journald bounds them.
    public static let journalFieldsMax = 1024
    /// Senders of one syslog listener that get a source of their own; the rest share one. Each
    /// costs a batch and a line in every listing.
    public static let sendersPerListenerMax = 1024
    /// Open connections of one TCP listener; a partial record may wait in each.
    public static let connectionsPerListenerMax = 16_384
    /// Peers that one listener permits by name or fingerprint: one for each device of a large site.
    public static let permittedPeersMax = 4096
    /// Files one collector follows: each holds a descriptor.
    public static let followedFilesMax = 4096
    /// Files that came into watched directories since the last look, and those that are gone again:
    /// more than the kernel tells of while a look is held up by the store (16,384 changes, at least
    /// three for each such file) are not remembered.
    public static let passingFilesMax = 5500
    /// Rotated predecessors of one file that are read beside it, or remembered: rotations within
    /// the minute that each is kept open, and while nobody looked.
    public static let rotatedFilesMax = 32
    /// Lines of one joined record: the deepest stack traces have some hundred. Few enough that a
    /// batch has room for all of them singly.
    public static let joinedLinesMax = 1000
    /// Bytes of one joined record, unless configured: more than a page of anything.
    public static let joinedBytesMax = 256 << 10
    /// Bytes at the beginning of a line in which a pattern of a join looks.
    public static let joinedLookBytes = 512
    /// Directories deep that `**` in a pattern descends.
    public static let globDepthMax = 16
    /// Decompressed bytes for each compressed one, above the first 64 MiB: deflate cannot exceed
    /// 1032; zstd makes one line, repeated for ever, 10,000 times smaller, and zeros 32,768 times.
    public static let expansionRatioMax = 16_384
    /// Window a zstd stream may ask for (128 MiB), as the zstd command line allows by default.
    public static let zstdWindowLogMax = 27
    /// Elements and templates inside each other in an event of an event log: Windows nests 5.
    public static let eventLogDepthMax = 32
    /// Units of UTF-16 of a name in an event log; the longest known one has 60.
    public static let eventLogNameUnitsMax = 256
    /// Text of one event of an event log, whose record has 64 KiB at the most: room is left below
    /// the limit of a record for the ends of all open elements.
    public static let eventLogRecordTextMax = recordBytesMax - (64 << 10)
    /// Text of all events of one chunk of an event log (64 KiB): templates make it 3 to 20 times as
    /// large.
    public static let eventLogChunkTextMax = 16 << 20
    /// Steps that rendering one event of an event log may take, one for each token and for each 16
    /// bytes looked at; events take some hundred, those with 64 KiB of text some thousand.
    public static let eventLogWorkMax = 1 << 18
    /// The same for all events of a chunk, which take some 50,000.
    public static let eventLogChunkWorkMax = 1 << 20
    /// Zones of a configuration. A large organisation has some dozens.
    public static let zonesMax = 256
    /// Address ranges of all zones together: each is compared with every other one.
    public static let addressRangesMax = 2048
    /// Sources of a configuration: each has a thread of its own.
    public static let sourcesMax = 256
    /// Paths and patterns of one source, and directories of parser definitions.
    public static let pathsPerSourceMax = 256
    /// Patterns by which a stream chooses its sources.
    public static let patternsPerStreamMax = 256
    /// A zone's or stream's id: it names a directory, which may have 255 bytes.
    public static let zoneIDBytesMax = 63
    /// A source's id in a configuration: leaves room below `sourceIDBytesMax` for what a collector
    /// adds to tell files or senders apart.
    public static let configuredSourceIDBytesMax = 64
    /// A path in a configuration: what the kernel takes, less the NUL.
    public static let pathBytesMax = 4095
    /// The path of a Unix socket: `sun_path` less the NUL.
    public static let unixSocketPathBytesMax = 107
    /// Assets of an inventory: each is compared with all zones and sources. A city has hundreds.
    public static let assetsMax = 8192
    /// Addresses of one asset.
    public static let addressesPerAssetMax = 256
    /// Operators and contacts: people, of whom there are a few.
    public static let peopleMax = 256
    /// Days on which an organisation is closed: twenty years of holidays.
    public static let closedDaysMax = 512
    /// Classes of all retention policies together: each may be a stream's.
    public static let retentionClassesMax = 256
    /// A retention term in years, and as much in months and days: beyond, `forever` is meant.
    public static let retentionYearsMax = 200
    /// A name that people read: longer ones break tables and reports.
    public static let nameBytesMax = 256
    /// The text of a query: nobody types more; a list of addresses still fits.
    public static let queryBytesMax = 256 << 10
    /// Parentheses and `not` within each other: the parser's stack is bounded.
    public static let queryDepthMax = 100
    /// Values of one `in(…)`, and pipes: each is kept while the query runs.
    public static let queryListMax = 10_000
    /// Values that a query inside `in(…)` may give: each is kept while the query runs.
    public static let subqueryValuesMax = 100_000
    public static let queryFieldsMax = 256
    public static let queryPipesMax = 64

    // MARK: - Records to rows

    /// A syslog host: what DNS allows.
    public static let syslogHostBytesMax = 255
    /// A syslog program: RFC 5424's bound on APP-NAME; a longer word begins a message.
    public static let syslogProgramBytesMax = 48
    /// Values of structured data with a slot each; a record with more has one slot for all.
    public static let structuredValuesMax = 64
    /// Slots of a journal entry's fields, which leaves room for those of its message; an entry with
    /// more is stored as one slot. journald's own entries have about 25.
    public static let journalSlotsMax = 208
    /// A journal field's name, as journald bounds it.
    public static let journalNameBytesMax = 64
    /// Files whose last time a parser remembers, for times without a year.
    public static let filesRememberedMax = 4096

    // MARK: - Detection

    /// Parentheses and `not` within each other in a rule's condition: its reader recurses.
    public static let conditionDepthMax = 100
    /// Values that one value of a rule may stand for, by placeholders and by forms of its dashes:
    /// four times the longest list of public rules is room enough.
    public static let valueFormsMax = 20_000
    /// Rules of one correlation: each costs a place in every group.
    public static let correlationRulesMax = 64
    /// Fields of one correlation, to group by and to count: their values together are a key.
    public static let correlationFieldsMax = 32
    /// Events a correlation may ask for: each group remembers so many. Of windows whose values are
    /// added up or ranked, the events that are remembered.
    public static let correlationCountMax = 100_000
    /// How long an event waits for others that are on their way and happened before it.
    public static let eventLatenessNanoseconds: Int64 = 2_000_000_000
    /// Texts of which one must be in a row of a shape for rules to be asked of it: more are asked
    /// for in each block's filters for longer than it takes to read the rows.
    public static let interestTextsMax = 256
    /// Combinations of log source and rules for which rules are kept ready; then they are made
    /// anew. The public rules come to some hundred.
    public static let ruleGroupsMax = 4096
    /// Events that a finding names; how many there are is counted beyond it.
    public static let findingEventsMax = 1000
    /// Values of one entity that a finding names.
    public static let findingEntityValuesMax = 100
    /// A value that a finding names, or that groups events; longer ones are cut, or told by digest.
    public static let findingValueBytesMax = 256
    /// All values of one finding's act: six times as long in JSON, they fit a record.
    public static let findingTextBytesMax = 128 << 10
    /// Events remembered of one unfinished sequence.
    public static let correlationWindowMax = 1000
    /// Groups, and events in the windows of all of them, and the bytes of their keys, values and
    /// entities: about 120 MiB for a million groups of one event.
    public static let correlationGroupsMax = 1_000_000
    public static let correlationEntriesMax = 1_000_000
    public static let correlationBytesMax = 64 << 20
    /// Events that wait for earlier ones.
    public static let correlationPendingMax = 65_536
    /// The saved state of detection; what the bounds above allow stays below it.
    public static let detectionStateBytesMax = 256 << 20
    /// Open brackets of a JSON event; no log nests deeper.
    public static let jsonDepthMax = 32
    /// Directories below a directory of rules: what keeps a link to its parent from going on.
    public static let rulesDepthMax = 16
    /// Free room on the store's disk below which `hisui status` warns: an open log and the segment
    /// made of it may not fit beside each other.
    public static let diskRoomLeast = 256 << 20

    // MARK: - Watch

    /// Sources whose silence, clock and coverage are watched: those of a listener's senders, each
    /// configured source's files together. Each costs some hundred bytes.
    public static let watchedSourcesMax = 16_384
    /// The file in which the watch remembers them: 256 bytes each at most.
    public static let watchStateBytesMax = 4 << 20
    /// What a daemon says of itself in its heartbeat file: a dozen short lines.
    public static let heartbeatBytesMax = 4096
    /// What is kept of the last peer that a listener turned away: a name in a certificate and its
    /// fingerprint.
    public static let refusalTextBytesMax = 200
    /// The file in which listeners say whom they turned away: some 500 bytes for each reason.
    public static let listenersBytesMax = 2 << 20
    /// What was noticed and could not be recorded yet, while the acts' disk refuses.
    public static let noticedWaitingMax = 4096
    /// A signal that the daemon lives: to connect, to send, or for a command to end.
    public static let signalMillisMax = 10_000
    /// Words of the command that signals it; `HISUI_WORDS_MAX`.
    public static let signalWordsMax = 64

    // MARK: - Recipes

    /// Ways in which one kind of device can send: a few transports and lines of products.
    public static let recipeWaysMax = 16
    /// One text of a recipe: some dozen lines.
    public static let recipeTextBytesMax = 8192

    // MARK: - Acts

    /// Fields of one act, those of its actor included; the longest kind has about 30.
    public static let actFieldsMax = 256
    /// Values of one list of an act: references of a finding, files of an import.
    public static let actListMax = 8192
    /// A name or address by which an actor is known: user, terminal, peer.
    public static let actorTextBytesMax = 256
    /// Ancestors of a process in whose environment its SSH client is looked for, and bytes read of
    /// each: `sudo` takes the variable away.
    public static let ancestorsMax = 16
    public static let environmentBytesMax = 128 << 10
    /// The file of accounts, when a uid's name is looked up.
    public static let accountFileBytesMax = 4 << 20
    /// Acts of one frame of their log, and bytes of them after which a frame ends.
    public static let actsPerFrameMax = 1024
    public static let actFrameBytesMax = 4 << 20
    /// The acts' log becomes a segment at so many rows, bytes, or seconds after its first row:
    /// every process that appends reads it first.
    public static let actLogRowsMax = 4096
    public static let actLogBytesMax = 4 << 20
    public static let actLogAgeSecondsMax = 86_400
    /// How long a process waits for the acts' lock; an append holds it for some milliseconds.
    public static let actLockMillisMax = 5000

    /// Alerts of outside detectors that are remembered, so that one is told once: years of them.
    public static let outsideAlertsMax = 65_536
    /// Columns of a terminal that what such a detector says may take.
    public static let outsideColumnsMax = 120

    // MARK: - Proof

    /// Between two checkpoints of a stream: what is younger can be changed unseen.
    public static let checkpointSecondsMax = 60
    /// A signed note: a checkpoint has about 600 bytes; room for cosignatures, of which those of
    /// the newer kinds have 5,000 bytes each.
    public static let noteBytesMax = 256 << 10
    /// Signatures of a note; the specification wants at least 16.
    public static let noteSignaturesMax = 64
    /// Hashes of an inclusion or consistency proof: the depth of the largest tree there can be.
    public static let proofHashesMax = 64
    /// A trust file: some hundred keys and checkpoints.
    public static let trustFileBytesMax = 4 << 20

    // MARK: - Evidence

    /// Files and folders of a bundle: a file for each proved record, and some dozens more.
    public static let bagFilesMax = 200_000
    /// A manifest of a bundle: 200 bytes for each of so many files.
    public static let bagManifestBytesMax = 64 << 20
    /// A file of a bundle that is only hashed. Acts of a period are the longest.
    public static let bagFileBytesMax = 16 << 30
    /// A file of a bundle that is read into memory whole: checkpoints, findings, tables.
    public static let bagTextBytesMax = 256 << 20
    /// Records in a bundle: those behind findings first, then the sample.
    public static let bundleRecordsMax = 20_000
    /// A line of a bundle's records: the longest record, in base64 and as text.
    public static let bundleLineBytesMax = 8 << 20
}
