/// Names a value of an event by the record that has it: `SYSCALL.exe`, `PATH.CREATE.path`.
///
/// Beside members as they stand there are values that are made from several:
///
///     EXECVE.argv          arguments joined by blanks, pieces of long ones put together
///     PROCTITLE.argv       the same of the command line as the process shows it
///     SYSCALL.call         name of the system call, from its number and the machine's kind
///     SYSCALL.access       read or write: what a file was opened for, by the call's flags
///     PATH.path            the object's path, from the working directory on; PATH.DELETE.path of
///                          that kind of object
///     PATH.mode, …         of the object's record
///     SOCKADDR.ip, .port, .path    from the address's bytes
struct JoinedName: Hashable, Sendable {
    enum Value: Hashable, Sendable {
        case member([UInt8])
        case arguments
        case call
        case access
        /// Of an object of that kind; nil: the one that the event is about.
        case path([UInt8]?)
        case objectMember([UInt8])
        case addressIP
        case addressPort
        case addressPath
    }

    /// Type of the record.
    var type: [UInt8]
    var value: Value

    /// - Returns: nil for what is no `TYPE.name`.
    init?(_ name: String) {
        let words = name.split(separator: ".", omittingEmptySubsequences: false)
        guard words.count >= 2, words.allSatisfy({ !$0.isEmpty }) else { return nil }
        type = Array(words[0].utf8)
        let rest = words.dropFirst().joined(separator: ".")
        let member = Value.member(Array(rest.utf8))
        switch (words[0], rest) {
        case ("EXECVE", "argv"), ("PROCTITLE", "argv"): value = .arguments
        case ("SYSCALL", "call"): value = .call
        case ("SYSCALL", "access"): value = .access
        case ("PATH", "path"): value = .path(nil)
        case ("PATH", _):
            value =
                words.count == 3 && words[2] == "path"
                ? .path(Array(words[1].utf8)) : .objectMember(Array(rest.utf8))
        case ("SOCKADDR", "ip"): value = .addressIP
        case ("SOCKADDR", "port"): value = .addressPort
        case ("SOCKADDR", "path"): value = .addressPath
        default: value = member
        }
    }
}
