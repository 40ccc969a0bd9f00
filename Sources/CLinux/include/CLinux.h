// What Glibc's module leaves out: Linux calls for receiving, and the headers of the rest.
//
// The functions hide only what Swift cannot say (socket address structures, GNU extensions);
// they hold no policy. They return a descriptor or count, or a negative errno.
#ifndef CLINUX_H
#define CLINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

// A peer's address: family 4 or 6 (0: none, a Unix socket), network byte order; an IPv4 address
// mapped into IPv6 is given as IPv4.
typedef struct {
    uint8_t family;
    uint8_t bytes[16];
    uint32_t scope;
    uint16_t port;
} hisui_peer;

// Text of the address without port, "192.0.2.7" or "2001:db8::7"; `text` has room for 64 bytes.
// Returns its length.
int hisui_peer_text(const hisui_peer *peer, char *text);

// Opens a close-on-exec, non-blocking socket bound to a numeric address. `stream` also listens.
int hisui_listen_inet(const char *address, uint16_t port, int stream, int reuse_port);
// The port a socket is bound to, in host order (for port 0), or a negative errno.
int hisui_bound_port(int fd);
// The same for a Unix socket at a path, of datagrams or with connections. EADDRINUSE when something
// is there.
int hisui_listen_unix(const char *path, uint32_t mode, int stream);
// Whether somebody receives at a Unix socket: 1 yes, 0 nobody, negative errno (EPROTOTYPE: at one
// with connections).
int hisui_unix_is_alive(const char *path);
// Connects to a Unix socket with connections, without waiting; reading does not wait either.
int hisui_connect_unix(const char *path);
// Asks the kernel's audit for its status (AUDIT_GET) and takes the message that it answers with, or
// waits so long for it in vain. Bytes of it, or a negative errno.
int hisui_audit_ask(uint8_t *reply, size_t capacity, int timeout_ms);
// Connects to a numeric address; for tests and self-checks.
int hisui_connect_inet(const char *address, uint16_t port, int stream);
// The same, giving up after so many milliseconds; what is sent on it has the same limit.
int hisui_connect_within(const char *address, uint16_t port, int stream, int timeout_ms);
// Sends bytes to a numeric address, in one datagram or over a connection that is closed then.
int hisui_send(
    const char *address, uint16_t port, int stream, const uint8_t *bytes, size_t count,
    int timeout_ms);
// Runs a program, without a shell, with a bare environment and nothing to read or write, and kills
// it with its children when the time is over. Its exit status, 128 and more for a signal, or a
// negative errno. Of the words, each ended by a NUL and the last by two, the first is the program's
// path; none is empty.
#define HISUI_WORDS_MAX 64
int hisui_run(const char *words, int timeout_ms);
// Takes one connection (close-on-exec, non-blocking).
int hisui_accept(int fd, hisui_peer *peer);
// Which process made a connection through a Unix socket, as the kernel says.
int hisui_peer_process(int fd, int32_t *pid, uint32_t *uid, uint32_t *gid);
// Reads from such a connection what one process has sent, and says which; what it says stays as it
// was at the end of the stream. Bytes read, 0 at the end, or a negative errno. Descriptors that come
// along find no room, and the kernel closes them.
int hisui_receive_with_process(
    int fd, uint8_t *bytes, size_t capacity, int32_t *pid, uint32_t *uid, uint32_t *gid);
// Asks for a receive buffer, by privilege if there is some. Returns the bytes granted.
int hisui_receive_buffer(int fd, int bytes);
// Datagrams the kernel has dropped at this socket since it was opened (SO_MEMINFO): 32 bits that
// wrap. Returns 0, or a negative errno.
int hisui_socket_drops(int fd, uint32_t *drops);

// A set of receive buffers for recvmmsg.
typedef struct hisui_datagrams hisui_datagrams;
hisui_datagrams *hisui_datagrams_new(unsigned count, unsigned bytes_each);
void hisui_datagrams_free(hisui_datagrams *set);
// Takes up to `count` datagrams without waiting: how many, or a negative errno.
int hisui_datagrams_receive(hisui_datagrams *set, int fd);
// The i-th datagram of the last receive. `cut` tells that it was longer than the buffer.
const uint8_t *hisui_datagram(hisui_datagrams *set, unsigned i, uint32_t *count, int *cut);
void hisui_datagram_peer(hisui_datagrams *set, unsigned i, hisui_peer *peer);
// Which process sent it, as the kernel says; 0 if that does not.
int hisui_datagram_credentials(
    hisui_datagrams *set, unsigned i, int32_t *pid, uint32_t *uid, uint32_t *gid);

// Where a file's first byte that is no hole stands; negative if there is none, 0 if unknown.
int64_t hisui_data_start(int fd);
// What the file system says of a file. Times are in nanoseconds since 1970; `birth` is 0 if it is
// not known.
struct hisui_file_status {
    uint64_t device, inode, size;
    int64_t birth, modified;
    bool is_regular;
};
// Of what is at a path, through symbolic links, or of an open file; -1 and errno if there is none.
int hisui_path_status(const char *path, struct hisui_file_status *status);
int hisui_open_status(int fd, struct hisui_file_status *status);

// A file in memory, without a path, empty and closed on exec; -1 and errno if there is no room.
int hisui_memory_file(void);

// epoll without the union: `token` comes back with the event.
int hisui_epoll_set(int epoll, int operation, int fd, uint32_t events, uint64_t token);
int hisui_epoll_wait(
    int epoll, uint64_t *tokens, uint32_t *events, int capacity, int timeout_ms);
/// Names the calling thread, as top -H and debuggers show it; 15 bytes are kept.
void hisui_thread_name(const char *name);
/// Keeps SIGPIPE from the calling thread: writing to a peer that has gone fails with EPIPE instead.
void hisui_thread_block_pipe(void);
/// Lets the calling thread give way to others, from 0, not at all, to 19, as far as the system
/// allows it.
void hisui_thread_nice(int nice);
/// Lets the calling thread run only where nothing else does (SCHED_IDLE), as far as the system
/// allows it. It keeps a share of about 1/350 of a busy processor, and cannot be put back.
void hisui_thread_idle(void);

// Makes the allocator give back pieces of memory of 4 MiB and above as soon as they are freed, for
// the rest of the process: it would come to keep what is freed, and in places of their own for each
// thread. Smaller ones go round.
void hisui_return_large_memory(void);
// Lets all threads take memory from one place, where what one of them has freed serves another, and
// which gives back what is free at its end but for so much.
void hisui_share_freed_memory(size_t kept);

#endif
