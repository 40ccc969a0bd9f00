#include "CTLS.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct hisui_tls_context {
    SSL_CTX *ssl;
};

struct hisui_tls {
    SSL *ssl;
};

static int take_any(int verified, X509_STORE_CTX *store) {
    (void)verified;
    (void)store;
    return 1;
}

static void explain(const char *what, char *error, size_t error_size) {
    unsigned long code = ERR_peek_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    snprintf(error, error_size, "%s: %s", what, reason ? reason : "unknown error");
    ERR_clear_error();
}

static int add_authorities(SSL_CTX *ssl, const char *path, char *error, size_t error_size) {
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(path);
    if (!names || SSL_CTX_load_verify_locations(ssl, path, NULL) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        explain(path, error, error_size);
        return 0;
    }
    SSL_CTX_set_client_CA_list(ssl, names);
    return 1;
}

hisui_tls_context *hisui_tls_context_new(
    const char *certificate, const char *key, const char *authorities, int clients,
    int unverified, char *error, size_t error_size) {
    ERR_clear_error();
    SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());
    hisui_tls_context *context = calloc(1, sizeof *context);
    if (!ssl || !context) {
        explain("no memory", error, error_size);
        goto failed;
    }
    SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
    SSL_CTX_set_options(
        ssl, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION
                 | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_num_tickets(ssl, 0);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(
        ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE
                 | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (SSL_CTX_use_certificate_chain_file(ssl, certificate) != 1) {
        explain(certificate, error, error_size);
        goto failed;
    }
    if (SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1
        || SSL_CTX_check_private_key(ssl) != 1) {
        explain(key, error, error_size);
        goto failed;
    }
    if (authorities && !add_authorities(ssl, authorities, error, error_size)) goto failed;
    int mode = clients == 0   ? SSL_VERIFY_NONE
               : clients == 1 ? SSL_VERIFY_PEER
                              : SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(ssl, mode, unverified ? take_any : NULL);
    context->ssl = ssl;
    return context;
failed:
    SSL_CTX_free(ssl);
    free(context);
    return NULL;
}

void hisui_tls_context_free(hisui_tls_context *context) {
    SSL_CTX_free(context->ssl);
    free(context);
}

int64_t hisui_tls_context_expiry(const hisui_tls_context *context) {
    X509 *own = SSL_CTX_get0_certificate(context->ssl);
    struct tm end;
    if (!own || ASN1_TIME_to_tm(X509_get0_notAfter(own), &end) != 1) return -1;
    return timegm(&end);
}

static hisui_tls *on_socket(SSL_CTX *context, int fd) {
    hisui_tls *tls = calloc(1, sizeof *tls);
    SSL *ssl = SSL_new(context);
    if (!tls || !ssl || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        free(tls);
        return NULL;
    }
    tls->ssl = ssl;
    return tls;
}

hisui_tls *hisui_tls_new(hisui_tls_context *context, int fd) {
    hisui_tls *tls = on_socket(context->ssl, fd);
    if (tls) SSL_set_accept_state(tls->ssl);
    return tls;
}

void hisui_tls_free(hisui_tls *tls) {
    SSL_free(tls->ssl);
    free(tls);
}

static void explain_handshake(const SSL *ssl, char *error, size_t error_size) {
    unsigned long code = ERR_peek_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    long verified = SSL_get_verify_result(ssl);
    if (reason && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED && verified != X509_V_OK)
        snprintf(error, error_size, "%s: %s", reason, X509_verify_cert_error_string(verified));
    else
        snprintf(error, error_size, "%s", reason ? reason : "the connection was closed");
    ERR_clear_error();
}

int hisui_tls_handshake(hisui_tls *tls, char *error, size_t error_size) {
    ERR_clear_error();
    int done = SSL_do_handshake(tls->ssl);
    if (done == 1) return 1;
    switch (SSL_get_error(tls->ssl, done)) {
    case SSL_ERROR_WANT_READ: return 0;
    case SSL_ERROR_WANT_WRITE: return 2;
    default: explain_handshake(tls->ssl, error, error_size); return -1;
    }
}

// What a call that moved no bytes means.
static int outcome(hisui_tls *tls, int result) {
    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return -EAGAIN;
    case SSL_ERROR_ZERO_RETURN: return 0;
    default: ERR_clear_error(); return -ECONNRESET;
    }
}

int hisui_tls_read(hisui_tls *tls, uint8_t *bytes, int capacity) {
    ERR_clear_error();
    int count = SSL_read(tls->ssl, bytes, capacity);
    return count > 0 ? count : outcome(tls, count);
}

int hisui_tls_write(hisui_tls *tls, const uint8_t *bytes, int count) {
    ERR_clear_error();
    int written = SSL_write(tls->ssl, bytes, count);
    if (written > 0) return written;
    int status = outcome(tls, written);
    return status == 0 ? -EPIPE : status;
}

void hisui_tls_say_end(hisui_tls *tls) {
    ERR_clear_error();
    if (SSL_is_init_finished(tls->ssl)) SSL_shutdown(tls->ssl);
    ERR_clear_error();
}

int hisui_tls_fingerprint(hisui_tls *tls, uint8_t fingerprint[32]) {
    X509 *peer = SSL_get0_peer_certificate(tls->ssl);
    unsigned count = 32;
    return peer && X509_digest(peer, EVP_sha256(), fingerprint, &count) == 1 && count == 32;
}

int hisui_tls_is_verified(hisui_tls *tls) {
    return SSL_get0_peer_certificate(tls->ssl) != NULL
           && SSL_get_verify_result(tls->ssl) == X509_V_OK;
}

static int take_text(const ASN1_STRING *text, char *name, int capacity) {
    int count = ASN1_STRING_length(text);
    const unsigned char *bytes = ASN1_STRING_get0_data(text);
    if (count >= capacity || memchr(bytes, 0, count)) return 0;
    memcpy(name, bytes, count);
    return count;
}

static int alternative(const GENERAL_NAME *general, char *name, int capacity) {
    if (general->type == GEN_DNS) return take_text(general->d.dNSName, name, capacity);
    const ASN1_OCTET_STRING *address = general->d.iPAddress;
    int count = ASN1_STRING_length(address);
    if (count != 4 && count != 16) return 0;
    const void *bytes = ASN1_STRING_get0_data(address);
    if (!inet_ntop(count == 4 ? AF_INET : AF_INET6, bytes, name, capacity)) return 0;
    return (int)strlen(name);
}

int hisui_tls_name(hisui_tls *tls, int number, char *name, int capacity) {
    X509 *peer = SSL_get0_peer_certificate(tls->ssl);
    if (!peer) return -1;
    GENERAL_NAMES *names = X509_get_ext_d2i(peer, NID_subject_alt_name, NULL, NULL);
    int found = -1;
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && found < 0; i++) {
        const GENERAL_NAME *general = sk_GENERAL_NAME_value(names, i);
        if (general->type != GEN_DNS && general->type != GEN_IPADD) continue;
        if (number-- == 0) found = alternative(general, name, capacity);
    }
    GENERAL_NAMES_free(names);
    if (found >= 0 || number != 0) return found;
    X509_NAME *subject = X509_get_subject_name(peer);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0) return -1;
    unsigned char *text = NULL;
    int count = ASN1_STRING_to_UTF8(
        &text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    found = count < 0 || count >= capacity || memchr(text, 0, count) ? 0 : count;
    if (found > 0) memcpy(name, text, found);
    OPENSSL_free(text);
    return found;
}

hisui_tls *hisui_tls_connect(int fd, const char *certificate, const char *key, int version_max) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    hisui_tls *tls = NULL;
    if (!context) return NULL;
    if (version_max == 11) {
        // What a server must refuse can only be offered below today's level of security.
        SSL_CTX_set_security_level(context, 0);
        SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
    } else if (version_max == 12) {
        SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    }
    int ready = !certificate
                || (SSL_CTX_use_certificate_chain_file(context, certificate) == 1
                    && SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1);
    if (ready) tls = on_socket(context, fd);
    SSL_CTX_free(context);
    if (tls && SSL_connect(tls->ssl) != 1) {
        hisui_tls_free(tls);
        tls = NULL;
    }
    ERR_clear_error();
    return tls;
}
