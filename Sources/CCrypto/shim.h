#ifndef HISUI_CRYPTO_SHIM_H
#define HISUI_CRYPTO_SHIM_H

/* SHA-256 by the functions that keep their state in the caller's memory: the newer interface
   allocates, and looks the algorithm up, for every hash. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* SHA-256 of two runs of bytes, one after the other. */
static inline void hisui_sha256(
    const uint8_t *a, size_t a_count, const uint8_t *b, size_t b_count, uint8_t out[32]) {
    SHA256_CTX context;
    SHA256_Init(&context);
    if (a_count) SHA256_Update(&context, a, a_count);
    if (b_count) SHA256_Update(&context, b, b_count);
    SHA256_Final(out, &context);
}

/* SHA-256 of prefix, a, b, where a and b are hashes of 32 bytes. */
static inline void hisui_sha256_node(
    uint8_t prefix, const uint8_t *a, const uint8_t *b, uint8_t out[32]) {
    uint8_t block[65];
    block[0] = prefix;
    memcpy(block + 1, a, 32);
    memcpy(block + 33, b, 32);
    hisui_sha256(block, sizeof block, NULL, 0, out);
}

/* HMAC-SHA-256 (RFC 2104) of a message; 0 when memory is short. */
static inline int hisui_hmac_sha256(
    const uint8_t *key, size_t key_count, const uint8_t *message, size_t count, uint8_t out[32]) {
    unsigned written = 0;
    return HMAC(EVP_sha256(), key, (int)key_count, message, count, out, &written) != NULL
        && written == 32;
}

/* The private key of that seed; NULL when memory is short. Free it with EVP_PKEY_free, which
   overwrites it. */
static inline EVP_PKEY *hisui_ed25519_private(const uint8_t seed[32]) {
    return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
}

static inline int hisui_ed25519_public_of(const EVP_PKEY *key, uint8_t out[32]) {
    size_t count = 32;
    return EVP_PKEY_get_raw_public_key(key, out, &count) == 1 && count == 32;
}

static inline int hisui_ed25519_seed_of(const EVP_PKEY *key, uint8_t out[32]) {
    size_t count = 32;
    return EVP_PKEY_get_raw_private_key(key, out, &count) == 1 && count == 32;
}

static inline int hisui_ed25519_sign(
    EVP_PKEY *key, const uint8_t *message, size_t count, uint8_t out[64]) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t written = 64;
    int done = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1
        && EVP_DigestSign(context, out, &written, message, count) == 1 && written == 64;
    EVP_MD_CTX_free(context);
    return done;
}

/* 1 if the signature is right, 0 if it is not or the key is none. */
static inline int hisui_ed25519_verify(
    const uint8_t key[32], const uint8_t *message, size_t count, const uint8_t *signature,
    size_t signature_count) {
    EVP_PKEY *public_key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, 32);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int right = public_key && context
        && EVP_DigestVerifyInit(context, NULL, NULL, NULL, public_key) == 1
        && EVP_DigestVerify(context, signature, signature_count, message, count) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(public_key);
    return right;
}

static inline void hisui_cleanse(void *bytes, size_t count) { OPENSSL_cleanse(bytes, count); }

#endif
