/// This program, as it names itself in acts and to whoever asks for its version.
public enum Program {
    public static let version = "hisui 0.1.0"
}
