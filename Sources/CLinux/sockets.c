#define _GNU_SOURCE
#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static void peer_from(const struct sockaddr_storage *from, hisui_peer *peer) {
    memset(peer, 0, sizeof *peer);
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)from;
        peer->family = 4;
        peer->port = ntohs(in->sin_port);
        memcpy(peer->bytes, &in->sin_addr, 4);
    } else if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)from;
        peer->port = ntohs(in->sin6_port);
        if (IN6_IS_ADDR_V4MAPPED(&in->sin6_addr)) {
            peer->family = 4;
            memcpy(peer->bytes, in->sin6_addr.s6_addr + 12, 4);
        } else {
            peer->family = 6;
            memcpy(peer->bytes, &in->sin6_addr, 16);
            if (IN6_IS_ADDR_LINKLOCAL(&in->sin6_addr)) peer->scope = in->sin6_scope_id;
        }
    }
}

int hisui_peer_text(const hisui_peer *peer, char *text) {
    text[0] = 0;
    if (peer->family == 4) inet_ntop(AF_INET, peer->bytes, text, 64);
    if (peer->family == 6) inet_ntop(AF_INET6, peer->bytes, text, 64);
    int count = (int)strlen(text);
    // "@" and not "%": the characters of a source id.
    if (peer->scope != 0) count += snprintf(text + count, 64 - count, "@%u", peer->scope);
    return count;
}

static int lookup(const char *address, uint16_t port, int stream, struct addrinfo **found) {
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = stream ? SOCK_STREAM : SOCK_DGRAM,
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
    };
    return getaddrinfo(address, service, &hints, found) == 0 ? 0 : -EADDRNOTAVAIL;
}

int hisui_listen_inet(const char *address, uint16_t port, int stream, int reuse_port) {
    struct addrinfo *found = NULL;
    int status = lookup(address, port, stream, &found);
    if (status != 0) return status;
    int type = (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
    int fd = socket(found->ai_family, type, 0);
    int on = 1;
    if (fd < 0) {
        status = -errno;
    } else {
        if (stream) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (reuse_port) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
        if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 || (stream && listen(fd, 1024) != 0)) {
            status = -errno;
            close(fd);
        }
    }
    freeaddrinfo(found);
    return status != 0 ? status : fd;
}

int hisui_bound_port(int fd) {
    struct sockaddr_storage own;
    socklen_t count = sizeof own;
    if (getsockname(fd, (struct sockaddr *)&own, &count) != 0) return -errno;
    hisui_peer peer;
    peer_from(&own, &peer);
    return peer.port;
}

static int unix_address(const char *path, struct sockaddr_un *address) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof address->sun_path) return -ENAMETOOLONG;
    strcpy(address->sun_path, path);
    return 0;
}

int hisui_listen_unix(const char *path, uint32_t mode, int stream) {
    struct sockaddr_un address;
    int status = unix_address(path, &address);
    if (status != 0) return status;
    int type = (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
    int fd = socket(AF_UNIX, type, 0);
    if (fd < 0) return -errno;
    // The kernel adds who sends to every datagram, and to what is read from every connection, which
    // has this option from the socket that accepts it.
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
        status = -errno;
        close(fd);
        return status;
    }
    // Nobody can send between bind and chmod but who could anyway: fchmod on the socket sets the
    // mode the new name is born with.
    if (fchmod(fd, mode) != 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0
        || chmod(path, mode) != 0 || (stream && listen(fd, 1024) != 0)) {
        status = -errno;
        close(fd);
        return status;
    }
    return fd;
}

int hisui_unix_is_alive(const char *path) {
    struct sockaddr_un address;
    int status = unix_address(path, &address);
    if (status != 0) return status;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    int connected = connect(fd, (struct sockaddr *)&address, sizeof address);
    status = connected == 0 ? 1 : errno == ECONNREFUSED ? 0 : -errno;
    close(fd);
    return status;
}

int hisui_connect_unix(const char *path) {
    struct sockaddr_un address;
    int status = unix_address(path, &address);
    if (status != 0) return status;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    status = -errno;
    close(fd);
    return status;
}

int hisui_audit_ask(uint8_t *reply, size_t capacity, int timeout_ms) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
    if (fd < 0) return -errno;
    const struct timeval limit = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    struct nlmsghdr question = {
        .nlmsg_len = sizeof question,
        .nlmsg_type = AUDIT_GET,
        .nlmsg_flags = NLM_F_REQUEST,
        .nlmsg_seq = 1,
    };
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK}, from = {.nl_family = AF_NETLINK};
    socklen_t count = sizeof from;
    ssize_t taken = sendto(
        fd, &question, sizeof question, 0, (struct sockaddr *)&kernel, sizeof kernel);
    if (taken >= 0)
        taken = recvfrom(fd, reply, capacity, 0, (struct sockaddr *)&from, &count);
    int status = taken < 0 ? -errno : from.nl_pid != 0 ? -EBADMSG : (int)taken;
    close(fd);
    return status;
}

int hisui_connect_inet(const char *address, uint16_t port, int stream) {
    return hisui_connect_within(address, port, stream, 0);
}

int hisui_connect_within(const char *address, uint16_t port, int stream, int timeout_ms) {
    struct addrinfo *found = NULL;
    int status = lookup(address, port, stream, &found);
    if (status != 0) return status;
    int fd = socket(found->ai_family, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
    // Zero is no limit. It holds for the connection and for what is sent on it.
    const struct timeval limit = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
    if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (fd < 0) {
        status = -errno;
    } else if (connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
        status = -errno;
        close(fd);
    }
    freeaddrinfo(found);
    return status != 0 ? status : fd;
}

int hisui_accept(int fd, hisui_peer *peer) {
    struct sockaddr_storage from;
    socklen_t count = sizeof from;
    int taken = accept4(fd, (struct sockaddr *)&from, &count, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (taken < 0) return -errno;
    peer_from(&from, peer);
    if (peer->family == 0) return taken;
    // A peer that is gone without a word is found out within two minutes.
    const int on = 1, idle = 60, interval = 15, probes = 4;
    setsockopt(taken, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(taken, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(taken, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(taken, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
    return taken;
}

int hisui_peer_process(int fd, int32_t *pid, uint32_t *uid, uint32_t *gid) {
    struct ucred credentials;
    socklen_t count = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &count) != 0) return -errno;
    *pid = credentials.pid;
    *uid = credentials.uid;
    *gid = credentials.gid;
    return 0;
}

// Room for what the kernel says of who sent something.
struct control {
    _Alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(struct ucred))];
};

static int sending_process(struct msghdr *header, int32_t *pid, uint32_t *uid, uint32_t *gid) {
    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_CREDENTIALS) continue;
        struct ucred credentials;
        memcpy(&credentials, CMSG_DATA(part), sizeof credentials);
        *pid = credentials.pid;
        *uid = credentials.uid;
        *gid = credentials.gid;
        return 1;
    }
    return 0;
}

int hisui_receive_with_process(
    int fd, uint8_t *bytes, size_t capacity, int32_t *pid, uint32_t *uid, uint32_t *gid) {
    struct control control;
    struct iovec vector = {.iov_base = bytes, .iov_len = capacity};
    struct msghdr header = {
        .msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control,
    };
    ssize_t count = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
    if (count < 0) return -errno;
    sending_process(&header, pid, uid, gid);
    return (int)count;
}

int hisui_receive_buffer(int fd, int bytes) {
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    int granted = 0;
    socklen_t count = sizeof granted;
    getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &granted, &count);
    return granted / 2;  // The kernel doubles what it is asked for and reports that.
}

int hisui_socket_drops(int fd, uint32_t *drops) {
    uint32_t info[SK_MEMINFO_VARS];
    socklen_t count = sizeof info;
    if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &count) != 0) return -errno;
    if (count <= SK_MEMINFO_DROPS * sizeof info[0]) return -EOPNOTSUPP;
    *drops = info[SK_MEMINFO_DROPS];
    return 0;
}

struct hisui_datagrams {
    unsigned count;
    unsigned bytes_each;
    uint8_t *bytes;
    struct mmsghdr *headers;
    struct iovec *vectors;
    struct sockaddr_storage *from;
    struct control *control;
};

hisui_datagrams *hisui_datagrams_new(unsigned count, unsigned bytes_each) {
    hisui_datagrams *set = calloc(1, sizeof *set);
    if (set == NULL) return NULL;
    set->count = count;
    set->bytes_each = bytes_each;
    set->bytes = malloc((size_t)count * bytes_each);
    set->headers = calloc(count, sizeof *set->headers);
    set->vectors = calloc(count, sizeof *set->vectors);
    set->from = calloc(count, sizeof *set->from);
    set->control = calloc(count, sizeof *set->control);
    if (!set->bytes || !set->headers || !set->vectors || !set->from || !set->control) {
        hisui_datagrams_free(set);
        return NULL;
    }
    for (unsigned i = 0; i < count; i++) {
        set->vectors[i].iov_base = set->bytes + (size_t)i * bytes_each;
        set->vectors[i].iov_len = bytes_each;
        set->headers[i].msg_hdr.msg_iov = &set->vectors[i];
        set->headers[i].msg_hdr.msg_iovlen = 1;
        set->headers[i].msg_hdr.msg_name = &set->from[i];
        set->headers[i].msg_hdr.msg_control = &set->control[i];
    }
    return set;
}

void hisui_datagrams_free(hisui_datagrams *set) {
    free(set->bytes);
    free(set->headers);
    free(set->vectors);
    free(set->from);
    free(set->control);
    free(set);
}

int hisui_datagrams_receive(hisui_datagrams *set, int fd) {
    for (unsigned i = 0; i < set->count; i++) {
        set->headers[i].msg_hdr.msg_namelen = sizeof set->from[i];
        set->headers[i].msg_hdr.msg_controllen = sizeof set->control[i];
        set->from[i].ss_family = AF_UNSPEC;
    }
    int taken = recvmmsg(fd, set->headers, set->count, MSG_DONTWAIT, NULL);
    return taken < 0 ? -errno : taken;
}

const uint8_t *hisui_datagram(hisui_datagrams *set, unsigned i, uint32_t *count, int *cut) {
    *count = set->headers[i].msg_len;
    *cut = (set->headers[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
    return set->bytes + (size_t)i * set->bytes_each;
}

void hisui_datagram_peer(hisui_datagrams *set, unsigned i, hisui_peer *peer) {
    peer_from(&set->from[i], peer);
}

int hisui_datagram_credentials(
    hisui_datagrams *set, unsigned i, int32_t *pid, uint32_t *uid, uint32_t *gid) {
    return sending_process(&set->headers[i].msg_hdr, pid, uid, gid);
}

int64_t hisui_data_start(int fd) { return lseek(fd, 0, SEEK_DATA); }

int hisui_epoll_set(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data.u64 = token};
    return epoll_ctl(epoll, operation, fd, &event) == 0 ? 0 : -errno;
}

int hisui_epoll_wait(
    int epoll, uint64_t *tokens, uint32_t *events, int capacity, int timeout_ms) {
    struct epoll_event ready[256];
    if (capacity > 256) capacity = 256;
    int count = epoll_wait(epoll, ready, capacity, timeout_ms);
    if (count < 0) return -errno;
    for (int i = 0; i < count; i++) {
        tokens[i] = ready[i].data.u64;
        events[i] = ready[i].events;
    }
    return count;
}
