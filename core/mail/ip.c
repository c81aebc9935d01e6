#include "ip.h"

#include "core/base/writer.h"
#include "core/base/scan.h"

/* ::ffff:0:0/96 (RFC 4291 section 2.5.5.2), and the prefix of a translator for IPv4 clients (RFC 6052). */
static const uint8_t mapped_head[12] = {[10] = 0xff, [11] = 0xff};
static const uint8_t nat64_head[12] = {0x00, 0x64, 0xff, 0x9b};

/* One decimal number of 0 to 255 without leading zeros ("010" is eight to some programs and ten to others). */
static bool parse_octet(struct text t, uint8_t *out)
{
    unsigned value = 0;
    if (t.n == 0 || t.n > 3 || (t.n > 1 && t.p[0] == '0'))
        return false;
    for (size_t i = 0; i < t.n; i++) {
        if (!is_digit((unsigned char)t.p[i]))
            return false;
        value = value * 10 + (unsigned)(t.p[i] - '0');
    }
    *out = (uint8_t)value;
    return value <= 255;
}

static bool parse_v4(struct text t, uint8_t *out)
{
    for (int i = 0; i < 3; i++) {
        size_t dot = text_find(t, 0, '.');
        if (dot == t.n || !parse_octet(text_of(t.p, dot), &out[i]))
            return false;
        t = text_skip(t, dot + 1);
    }
    return parse_octet(t, &out[3]);
}

/* Four hexadecimal digits at most. */
static bool parse_group(struct text t, uint8_t *out)
{
    unsigned value = 0;
    if (t.n == 0 || t.n > 4)
        return false;
    for (size_t i = 0; i < t.n; i++) {
        int digit = scan_hex_digit((unsigned char)t.p[i]);
        if (digit < 0)
            return false;
        value = value << 4 | (unsigned)digit;
    }
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
    return true;
}

/* RFC 4291 section 2.2, all three forms. "::" replaces one group or more. RFC 5321 requires two in an
 * address literal, but every resolver accepts one, so we do too. */
static bool parse_v6(struct text t, uint8_t *out)
{
    size_t filled = 0, gap = SIZE_MAX;
    memset(out, 0, 16);
    if (t.n >= 2 && t.p[0] == ':' && t.p[1] == ':') {
        gap = 0;
        t = text_skip(t, 2);
        if (t.n == 0)
            return true;
    }
    for (;;) {
        size_t colon = text_find(t, 0, ':');
        struct text group = text_of(t.p, colon);
        if (colon == t.n && filled <= 12 && parse_v4(group, out + filled)) {
            filled += 4;
            break;
        }
        if (filled > 14 || !parse_group(group, out + filled))
            return false;
        filled += 2;
        if (colon == t.n)
            break;
        t = text_skip(t, colon + 1);
        if (t.n && t.p[0] == ':') {
            if (gap != SIZE_MAX)
                return false;
            gap = filled;
            t = text_skip(t, 1);
            if (t.n == 0)
                break;
        }
    }
    if (gap == SIZE_MAX)
        return filled == 16;
    if (filled > 14)
        return false;
    memmove(out + 16 - (filled - gap), out + gap, filled - gap);
    memset(out + gap, 0, 16 - filled);
    return true;
}

static bool is_mapped(const struct ip *ip)
{
    return ip->v6 && memcmp(ip->byte, mapped_head, sizeof mapped_head) == 0;
}

static bool is_translated(const struct ip *ip)
{
    return ip->v6 && memcmp(ip->byte, nat64_head, sizeof nat64_head) == 0;
}

static struct ip folded(struct ip ip)
{
    if (!is_mapped(&ip) && !is_translated(&ip))
        return ip;
    struct ip v4 = {.v6 = 0};
    memcpy(v4.byte, ip.byte + 12, 4);
    return v4;
}

/* Reads the address as written: ::ffff:a.b.c.d is not folded. */
static bool parse_unfolded(struct text t, struct ip *out)
{
    *out = (struct ip){.v6 = 0};
    if (text_find(t, 0, ':') == t.n)
        return parse_v4(t, out->byte);
    out->v6 = 1;
    return parse_v6(t, out->byte);
}

bool ip_parse(struct text t, struct ip *out)
{
    struct ip ip;
    if (!parse_unfolded(t, &ip))
        return false;
    *out = folded(ip);
    return true;
}

bool ip_prefix_parse(struct text t, bool lenient, struct ip_prefix *out)
{
    size_t slash = text_find(t, 0, '/');
    struct ip ip;
    uint64_t bits;
    if (!parse_unfolded(text_of(t.p, slash), &ip))
        return false;
    if (slash == t.n) {
        bits = ip_bits(&ip);
    } else {
        struct text length = text_skip(t, slash + 1);
        if ((length.n > 1 && length.p[0] == '0') || !text_number(length, ip_bits(&ip), &bits))
            return false;
    }
    struct ip masked = ip_mask(&ip, (unsigned)bits);
    if (!lenient && !ip_eq(&masked, &ip))
        return false;
    /* A prefix that covers a translator's whole prefix means the translator, not all of IPv4. */
    if (bits == 96 && is_translated(&masked))
        return false;
    /* Only a prefix that lies inside one of the two is an IPv4 prefix. */
    if (bits >= 96 && (is_mapped(&masked) || is_translated(&masked))) {
        masked = folded(masked);
        bits -= 96;
    }
    out->ip = masked;
    out->bits = (unsigned)bits;
    return true;
}

bool ip_prefix_is_nat64(struct text t)
{
    const size_t slash = text_find(t, 0, '/');
    struct ip ip;
    return text_eq(text_skip(t, slash), TEXT("/96")) && parse_unfolded(text_of(t.p, slash), &ip) &&
           is_translated(&ip);
}

bool ip_literal_parse(struct text t, struct ip *out)
{
    static const struct text tag = {"IPv6:", 5};
    if (t.n < 2 || t.p[0] != '[' || t.p[t.n - 1] != ']')
        return false;
    t = text_of(t.p + 1, t.n - 2);
    bool tagged = text_starts_nocase(t, tag);
    if (tagged)
        t = text_skip(t, tag.n);
    /* An IPv6 address must have both the tag and colons, whatever the address is folded to. */
    return tagged == (text_find(t, 0, ':') < t.n) && ip_parse(t, out);
}

/* Start and length, in groups, of the zeros that "::" replaces: the longest run, the first of equals, never
 * a single group (RFC 5952 section 4.2). */
static size_t zero_run(const uint8_t *byte, size_t *length)
{
    size_t best = 8;
    *length = 1;
    for (size_t i = 0; i < 8;) {
        size_t end = i;
        while (end < 8 && byte[2 * end] == 0 && byte[2 * end + 1] == 0)
            end++;
        if (end - i > *length) {
            best = i;
            *length = end - i;
        }
        i = end + 1;
    }
    return best;
}

/* Written by hand: look-ups in tables write several prefixes per client, and printf takes ten times as long. */
static void add_v4(struct writer *w, const uint8_t *b)
{
    char text[16], *p = text;
    for (unsigned i = 0; i < 4; i++) {
        if (i)
            *p++ = '.';
        if (b[i] >= 100)
            *p++ = (char)('0' + b[i] / 100);
        if (b[i] >= 10)
            *p++ = (char)('0' + b[i] / 10 % 10);
        *p++ = (char)('0' + b[i] % 10);
    }
    writer_add(w, text_of(text, (size_t)(p - text)));
}

size_t ip_format(const struct ip *ip, char *out)
{
    struct writer w = writer_on(out, IP_TEXT_MAX);
    const uint8_t *b = ip->byte;
    if (!ip->v6 || is_mapped(ip)) {
        if (ip->v6)
            writer_add(&w, TEXT("::ffff:"));
        add_v4(&w, ip->v6 ? b + 12 : b);
        return w.n;
    }
    size_t length, run = zero_run(b, &length);
    for (size_t i = 0; i < 8; i++) {
        if (i == run) {
            writer_add(&w, TEXT("::"));
            i += length - 1;
            continue;
        }
        if (i && i != run + length)
            writer_char(&w, ':');
        writer_printf(&w, "%x", (unsigned)b[2 * i] << 8 | b[2 * i + 1]);
    }
    return w.n;
}

bool ip_eq(const struct ip *a, const struct ip *b)
{
    return a->v6 == b->v6 && memcmp(a->byte, b->byte, sizeof a->byte) == 0;
}

struct ip ip_mask(const struct ip *ip, unsigned bits)
{
    struct ip masked = *ip;
    for (unsigned i = 0; i < 16; i++) {
        unsigned before = 8 * i;
        if (bits <= before)
            masked.byte[i] = 0;
        else if (bits - before < 8)
            masked.byte[i] &= (uint8_t)(0xff00 >> (bits - before));
    }
    return masked;
}

bool ip_in(const struct ip *ip, const struct ip_prefix *prefix)
{
    if (ip->v6 != prefix->ip.v6)
        return false;
    struct ip masked = ip_mask(ip, prefix->bits);
    return ip_eq(&masked, &prefix->ip);
}

static bool v4_is_public(const uint8_t *b)
{
    /* IANA IPv4 Special-Purpose Address Registry, and the multicast and class E space that is not in it. */
    static const struct {
        uint8_t head[4];
        unsigned bits;
    } reserved[] = {
        {{0}, 8},             /* this network */
        {{10}, 8},            /* private */
        {{100, 64}, 10},      /* shared by carriers */
        {{127}, 8},           /* loopback */
        {{169, 254}, 16},     /* link-local */
        {{172, 16}, 12},      /* private */
        {{192, 0, 0}, 24},    /* protocol assignments */
        {{192, 0, 2}, 24},    /* documentation */
        {{192, 88, 99}, 24},  /* 6to4 relays, withdrawn */
        {{192, 168}, 16},     /* private */
        {{198, 18}, 15},      /* benchmarks */
        {{198, 51, 100}, 24}, /* documentation */
        {{203, 0, 113}, 24},  /* documentation */
        {{224}, 3},           /* multicast, reserved, broadcast */
    };
    struct ip ip = {.v6 = 0};
    memcpy(ip.byte, b, 4);
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        struct ip_prefix prefix = {.bits = reserved[i].bits};
        memcpy(prefix.ip.byte, reserved[i].head, 4);
        if (ip_in(&ip, &prefix))
            return false;
    }
    return true;
}

static bool v6_is_public(const uint8_t *b)
{
    /* 6to4 addresses of IPv4 clients are in 2002:a.b.c.d (RFC 3056). */
    if (b[0] == 0x20 && b[1] == 0x02)
        return v4_is_public(b + 2);
    if ((b[0] & 0xe0) != 0x20) /* all global unicast addresses assigned so far are in 2000::/3 */
        return false;
    if (b[0] == 0x20 && b[1] == 0x01 && (b[2] & 0xfe) == 0) /* 2001::/23: protocol assignments, Teredo */
        return false;
    if (b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0d && b[3] == 0xb8) /* documentation */
        return false;
    return !(b[0] == 0x3f && b[1] == 0xff && (b[2] & 0xf0) == 0); /* 3fff::/20: documentation (RFC 9637) */
}

bool ip_is_public(const struct ip *ip)
{
    struct ip plain = folded(*ip);
    return plain.v6 ? v6_is_public(plain.byte) : v4_is_public(plain.byte);
}
