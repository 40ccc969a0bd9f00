import HisuiBytes
import HisuiEvent
import HisuiYAML

/// Addresses to listen on.
extension ConfigurationReader {
    /// `ADDRESS:PORT`, an address of version 6 in brackets.
    func endpoint(_ given: Text) -> Configuration.Endpoint? {
        let bytes = Array(given.text.utf8)
        let hint = "write it like \"127.0.0.1:514\" or \"[::1]:514\""
        guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")), !isBareV6(bytes) else {
            log.report(given.node, "\(given.node.quoted) has no port", hint: hint)
            return nil
        }
        var host = Array(bytes[..<colon])
        let hasBrackets = host.first == UInt8(ascii: "[") && host.last == UInt8(ascii: "]")
        if hasBrackets { host = Array(host.dropFirst().dropLast()) }
        let count = host.count
        guard let address = IPAddress.parse(host.span, 0..<count), address.isV4 != hasBrackets
        else {
            log.report(
                given.node,
                "\(YAMLNode.quote(String(decoding: bytes[..<colon], as: UTF8.self))) "
                    + "is no address to listen on",
                hint: host.isEmpty || host == [UInt8(ascii: "*")]
                    ? "write 0.0.0.0 or [::] for all addresses of this machine" : hint)
            return nil
        }
        let digits = String(decoding: bytes[(colon + 1)...], as: UTF8.self)
        guard digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let port = UInt16(digits),
            port > 0
        else {
            log.report(
                given.node, "\(YAMLNode.quote(digits)) is no port", hint: "a number from 1 to 65535"
            )
            return nil
        }
        return Configuration.Endpoint(address: address, port: port)
    }

    /// An address of version 6 without brackets: its last group is no port.
    private func isBareV6(_ bytes: [UInt8]) -> Bool {
        let count = bytes.count
        return IPAddress.parse(bytes.span, 0..<count)?.isV4 == false
    }

    func socketPath(_ given: Text) -> String? {
        guard let path = path(given, "the socket") else { return nil }
        guard path.utf8.count <= Limits.unixSocketPathBytesMax else {
            log.report(
                given.node, "the socket's path has \(path.utf8.count) bytes",
                hint: "the kernel takes \(Limits.unixSocketPathBytesMax)")
            return nil
        }
        return path
    }
}
