/// Names of system calls by number, for records that auditd did not resolve: those which change
/// something, start something or speak to somebody.
///
/// The numbers are the kernel's promise to programs and never change.
enum AuditSystemCalls {
    /// - Parameter arch: as records write it: hexadecimal, `AUDIT_ARCH_…` of `linux/audit.h`; or
    ///   the machine's name.
    static func name(_ number: Int, arch: String) -> String? {
        switch arch {
        case "c000003e", "x86_64": x86[number]
        case "c00000b7", "aarch64", "c00000f3", "riscv64": generic[number]
        case "40000003", "i386", "i686": i386[number]
        default: nil
        }
    }

    private static let x86: [Int: String] = [
        2: "open", 41: "socket", 42: "connect", 43: "accept", 49: "bind", 56: "clone", 57: "fork",
        58: "vfork", 59: "execve", 62: "kill", 76: "truncate", 77: "ftruncate", 82: "rename",
        83: "mkdir", 84: "rmdir", 85: "creat", 86: "link", 87: "unlink", 88: "symlink",
        90: "chmod", 91: "fchmod", 92: "chown", 93: "fchown", 94: "lchown", 101: "ptrace",
        105: "setuid", 106: "setgid", 113: "setreuid", 114: "setregid", 117: "setresuid",
        119: "setresgid", 126: "capset", 133: "mknod", 155: "pivot_root", 159: "adjtimex",
        161: "chroot", 164: "settimeofday", 165: "mount", 166: "umount2", 167: "swapon",
        168: "swapoff", 169: "reboot", 170: "sethostname", 171: "setdomainname",
        175: "init_module", 176: "delete_module", 188: "setxattr", 189: "lsetxattr",
        190: "fsetxattr", 197: "removexattr", 198: "lremovexattr", 199: "fremovexattr",
        227: "clock_settime", 246: "kexec_load", 257: "openat", 258: "mkdirat", 259: "mknodat",
        260: "fchownat", 263: "unlinkat", 264: "renameat", 265: "linkat", 266: "symlinkat",
        268: "fchmodat", 288: "accept4", 304: "open_by_handle_at", 313: "finit_module",
        316: "renameat2", 320: "kexec_file_load", 321: "bpf", 322: "execveat", 437: "openat2",
        452: "fchmodat2",
    ]

    private static let generic: [Int: String] = [
        5: "setxattr", 6: "lsetxattr", 7: "fsetxattr", 14: "removexattr", 15: "lremovexattr",
        16: "fremovexattr", 33: "mknodat", 34: "mkdirat", 35: "unlinkat", 36: "symlinkat",
        37: "linkat", 38: "renameat", 39: "umount2", 40: "mount", 41: "pivot_root",
        45: "truncate", 46: "ftruncate", 51: "chroot", 52: "fchmod", 53: "fchmodat",
        54: "fchownat", 55: "fchown", 56: "openat", 91: "capset", 104: "kexec_load",
        105: "init_module", 106: "delete_module", 112: "clock_settime", 117: "ptrace",
        129: "kill", 142: "reboot", 143: "setregid", 144: "setgid", 145: "setreuid",
        146: "setuid", 147: "setresuid", 149: "setresgid", 161: "sethostname",
        162: "setdomainname", 170: "settimeofday", 171: "adjtimex", 198: "socket", 200: "bind",
        202: "accept", 203: "connect", 220: "clone", 221: "execve", 224: "swapon",
        225: "swapoff", 242: "accept4", 265: "open_by_handle_at", 273: "finit_module",
        276: "renameat2", 280: "bpf", 281: "execveat", 294: "kexec_file_load", 437: "openat2",
        452: "fchmodat2",
    ]

    private static let i386: [Int: String] = [
        2: "fork", 5: "open", 8: "creat", 9: "link", 10: "unlink", 11: "execve", 14: "mknod",
        15: "chmod", 21: "mount", 26: "ptrace", 37: "kill", 38: "rename", 39: "mkdir",
        40: "rmdir", 52: "umount2", 61: "chroot", 79: "settimeofday", 83: "symlink",
        88: "reboot", 92: "truncate", 93: "ftruncate", 94: "fchmod", 124: "adjtimex",
        128: "init_module", 129: "delete_module", 212: "chown", 207: "fchown", 198: "lchown",
        264: "clock_settime", 295: "openat", 296: "mkdirat", 298: "fchownat", 301: "unlinkat",
        302: "renameat", 303: "linkat", 304: "symlinkat", 306: "fchmodat", 350: "finit_module",
        353: "renameat2", 358: "execveat", 361: "bind", 362: "connect",
    ]
}
