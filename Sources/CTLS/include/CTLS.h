// Servers' TLS by OpenSSL on sockets that do not wait: contexts, handshakes, reading and writing,
// and what the peer's certificate says. No policy: who may connect is decided by the caller.
#ifndef CTLS_H
#define CTLS_H

#include <stddef.h>
#include <stdint.h>

typedef struct hisui_tls_context hisui_tls_context;
typedef struct hisui_tls hisui_tls;

// Reads a certificate chain, its key, and the authorities of clients (NULL: none), all PEM files.
// `clients`: 0 asks for no certificate, 1 takes one, 2 insists on one. `unverified` lets the
// handshake go on with a certificate that no authority vouches for; `hisui_tls_is_verified` tells.
// TLS 1.2 and 1.3 only, without tickets and renegotiation. NULL on failure, with a terminated text
// in `error`.
hisui_tls_context *hisui_tls_context_new(
    const char *certificate, const char *key, const char *authorities, int clients,
    int unverified, char *error, size_t error_size);
void hisui_tls_context_free(hisui_tls_context *context);
// When the own certificate ends, in seconds since 1970; negative if it does not say.
int64_t hisui_tls_context_expiry(const hisui_tls_context *context);

// A server's connection on a connected socket, which stays the caller's; NULL without memory.
hisui_tls *hisui_tls_new(hisui_tls_context *context, int fd);
void hisui_tls_free(hisui_tls *tls);
// Goes on with the handshake: 1 done, 0 wants to read, 2 wants to write, -1 failed, with a
// terminated text in `error`.
int hisui_tls_handshake(hisui_tls *tls, char *error, size_t error_size);
// Bytes read; 0 at the end of the stream, -EAGAIN when there is nothing, or a negative errno.
int hisui_tls_read(hisui_tls *tls, uint8_t *bytes, int capacity);
// Bytes written, -EAGAIN, or a negative errno. After -EAGAIN the same bytes come first again.
int hisui_tls_write(hisui_tls *tls, const uint8_t *bytes, int count);
// Says once that nothing more comes; does not wait for an answer.
void hisui_tls_say_end(hisui_tls *tls);

// Whether the peer gave a certificate, and then the SHA-256 of it.
int hisui_tls_fingerprint(hisui_tls *tls, uint8_t fingerprint[32]);
// Whether an authority vouches for it.
int hisui_tls_is_verified(hisui_tls *tls);
// The i-th name in it: DNS names and addresses of subjectAltName, then the common name. Its length,
// or -1 when there are no more; a name with a NUL or longer than `capacity` is an empty one.
int hisui_tls_name(hisui_tls *tls, int number, char *name, int capacity);

// For tests: a client's handshake, which waits. `certificate` may be NULL; `version_max` is 11, 12
// or 13.
hisui_tls *hisui_tls_connect(int fd, const char *certificate, const char *key, int version_max);

#endif
