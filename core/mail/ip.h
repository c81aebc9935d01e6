/*
 * ip.h - IP addresses and prefixes. Pure functions; any thread.
 *
 * ::ffff:a.b.c.d, and 64:ff9b::a.b.c.d after a NAT64 translator, are a.b.c.d everywhere: parsing folds them, so
 * that each client has one spelling.
 */
#ifndef GATEPOST_IP_H
#define GATEPOST_IP_H

#include "core/base/text.h"

enum { IP_TEXT_MAX = 46 }; /* longest text form with its NUL */

/* An IPv4 address is in the first four bytes; the rest is zero. */
struct ip {
    uint8_t byte[16];
    uint8_t v6; /* 1 for IPv6 */
};

struct ip_prefix {
    struct ip ip;  /* bits after the length are zero */
    unsigned bits; /* 0 to 32 or 128 */
};

/* Number of bits of such an address: 32 or 128. */
static inline unsigned ip_bits(const struct ip *ip)
{
    return ip->v6 ? 128 : 32;
}

/* Reads "192.0.2.1" (four decimal numbers, no leading zeros) or RFC 4291 section 2.2 text; no zone, no
 * brackets, nothing around it. Returns true and sets *OUT, or returns false. */
bool ip_parse(struct text t, struct ip *out);

/* Reads the same, or with "/bits" after it; a bare address has its full length. Bits of the address after
 * the length must be zero, or are cleared if `lenient`. ::ffff:a.b.c.d/N with N of 96 and above is
 * a.b.c.d/(N-96), and 64:ff9b::a.b.c.d/N with N above 96 likewise. 64:ff9b::/96 itself is refused, because
 * it would be all of IPv4. */
bool ip_prefix_parse(struct text t, bool lenient, struct ip_prefix *out);

/* Whether T is 64:ff9b::/96, which ip_prefix_parse() refuses: for messages. */
bool ip_prefix_is_nat64(struct text t);

/* RFC 5321 4.1.3: "[192.0.2.1]" or "[IPv6:2001:db8::1]" (tag in either case). */
bool ip_literal_parse(struct text t, struct ip *out);

/* RFC 5952 text in OUT (cap IP_TEXT_MAX), NUL-terminated. Returns its length. */
size_t ip_format(const struct ip *ip, char *out);

bool ip_eq(const struct ip *a, const struct ip *b);

/* IP with all bits behind the first BITS cleared. */
struct ip ip_mask(const struct ip *ip, unsigned bits);

bool ip_in(const struct ip *ip, const struct ip_prefix *prefix);

/* Whether the address can be that of a host on the public Internet: not private, loopback, link-local,
 * multicast, documentation or otherwise reserved (IANA special-purpose registries). IPv4 behind a translator
 * (64:ff9b::/96) or 6to4 (2002::/16) counts as that IPv4. */
bool ip_is_public(const struct ip *ip);

#endif
