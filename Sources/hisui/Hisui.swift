@main
enum Hisui {
    static func main() {}
}
