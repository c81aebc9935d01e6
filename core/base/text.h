/*
 * text.h - slices of bytes.
 *
 * A slice (struct text) points at bytes that another object owns. It need not end in NUL and may contain any
 * byte. Case folding is ASCII only: SMTP command words, domain names and header field names are ASCII (RFC 5321
 * 2.4), and the locale of the host process must not matter. Everything here is pure and may be used by any
 * thread.
 */
#ifndef GATEPOST_BASE_TEXT_H
#define GATEPOST_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text {
    const char *p;
    size_t n;
};

/* A slice of a string literal. */
#define TEXT(literal) ((struct text){(literal), sizeof(literal) - 1})

static inline struct text text_of(const char *p, size_t n)
{
    return (struct text){p, n};
}

/* Slice of a NUL-terminated string; NULL gives the empty slice. */
static inline struct text text_z(const char *z)
{
    return (struct text){z, z ? strlen(z) : 0};
}

/* The slice without its first N bytes (all of them, if it has fewer). */
static inline struct text text_skip(struct text t, size_t n)
{
    size_t gone = n < t.n ? n : t.n;
    return gone ? (struct text){t.p + gone, t.n - gone} : t; /* adding to NULL is undefined, even 0 */
}

static inline unsigned char fold(unsigned char c)
{
    return (unsigned char)(c - 'A') < 26 ? (unsigned char)(c | 0x20) : c;
}

static inline bool is_digit(unsigned char c)
{
    return (unsigned char)(c - '0') < 10;
}

static inline bool is_alpha(unsigned char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26;
}

static inline bool is_alnum(unsigned char c)
{
    return is_digit(c) || is_alpha(c);
}

/* Space and tab: WSP of RFC 5234. */
static inline bool is_blank(unsigned char c)
{
    return c == ' ' || c == '\t';
}

/* White space in the wider sense: WSP, CR, LF, VT, FF. */
static inline bool is_space(unsigned char c)
{
    return c == ' ' || (unsigned char)(c - '\t') < 5;
}

/* Reads eight bytes, the first one lowest. Compilers turn this form, but not a loop, into one load. */
static inline uint64_t load_le64(const void *at)
{
    const unsigned char *p = (const unsigned char *)at;
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
           (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 | (uint64_t)p[7] << 56;
}

bool text_eq(struct text a, struct text b);
bool text_same_nocase(const char *a, const char *b, size_t n); /* N bytes each */
bool text_starts_nocase(struct text t, struct text prefix);
bool text_ends_nocase(struct text t, struct text suffix);

static inline bool text_eq_nocase(struct text a, struct text b)
{
    return a.n == b.n && text_same_nocase(a.p, b.p, a.n);
}

/* Index of the first byte C at or after FROM; t.n if there is none. */
size_t text_find(struct text t, size_t from, char c);

/* Returns the index of the first NEEDLE in T, letters of either case; t.n if there is none. */
size_t text_find_nocase(struct text t, struct text needle);

/* Without white space (is_space) at both ends. */
struct text text_trim(struct text t);

/* Reads a decimal number that fills the whole slice. Returns true and sets *OUT if it is at most MAX. */
bool text_number(struct text t, uint64_t max, uint64_t *out);

/* Continues a 64-bit hash (FNV-1a) over T; start with TEXT_HASH_START. It is for naming things and states,
 * and gives no protection against attackers. */
#define TEXT_HASH_START 1469598103934665603u
uint64_t text_hash(uint64_t h, struct text t);

#endif
