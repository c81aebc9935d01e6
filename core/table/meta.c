#include "core/base/scan.h"
#include "format.h"

#include <stdio.h>

void table_summary_add(struct table_summary *s, struct text key)
{
    s->count++;
    for (unsigned tag = 0; tag < TAG_COUNT; tag++) {
        if (!text_starts_nocase(key, table_tag_prefix[tag]))
            continue;
        s->tags |= (uint8_t)(1u << tag);
        if (tag != TAG_CLIENT && tag != TAG_HELO)
            return;
        struct text rest = text_skip(key, table_tag_prefix[tag].n);
        struct ip_prefix prefix;
        if (!ip_prefix_parse(rest, true, &prefix)) {
            s->client_names |= tag == TAG_CLIENT;
        } else if (prefix.bits < ip_bits(&prefix.ip)) {
            if (prefix.ip.v6)
                s->v6[tag][prefix.bits / 64] |= (uint64_t)1 << (prefix.bits % 64);
            else
                s->v4[tag] |= (uint32_t)1 << prefix.bits;
        }
        return;
    }
}

#define META_FORMAT                                                                                            \
    "gatepost-table 1 size=%016llx sum=%016llx count=%016llx tags=%02x names=%x v4=%08x,%08x "                 \
    "v6=%016llx%016llx,%016llx%016llx"

void table_meta_format(const struct table_summary *s, uint64_t size, uint64_t sum, char *out)
{
    typedef unsigned long long wide;
    snprintf(out, TABLE_META_SIZE + 1, META_FORMAT, (wide)size, (wide)sum, (wide)s->count, (unsigned)s->tags,
             (unsigned)s->client_names & 1u, (unsigned)s->v4[0], (unsigned)s->v4[1], (wide)s->v6[0][1],
             (wide)s->v6[0][0], (wide)s->v6[1][1], (wide)s->v6[1][0]);
}

/* Removes LITERAL and DIGITS hexadecimal digits from the front of *REST. */
static bool take_hex(struct text *rest, struct text literal, size_t digits, uint64_t *out)
{
    if (rest->n < literal.n + digits || memcmp(rest->p, literal.p, literal.n) != 0)
        return false;
    uint64_t value = 0;
    for (size_t i = literal.n; i < literal.n + digits; i++) {
        const int digit = scan_hex_digit((unsigned char)rest->p[i]);
        if (digit < 0 || (rest->p[i] >= 'A' && rest->p[i] <= 'F')) /* they are written in lower case */
            return false;
        value = value << 4 | (unsigned)digit;
    }
    *rest = text_skip(*rest, literal.n + digits);
    *out = value;
    return true;
}

bool table_meta_parse(struct text value, struct table_meta *out)
{
    struct text rest = value;
    uint64_t tags, names, v4[2];
    struct table_summary *s = &out->summary;
    *out = (struct table_meta){0};
    if (!take_hex(&rest, TEXT("gatepost-table 1 size="), 16, &out->size) ||
        !take_hex(&rest, TEXT(" sum="), 16, &out->sum) || !take_hex(&rest, TEXT(" count="), 16, &s->count) ||
        !take_hex(&rest, TEXT(" tags="), 2, &tags) || !take_hex(&rest, TEXT(" names="), 1, &names) ||
        !take_hex(&rest, TEXT(" v4="), 8, &v4[0]) || !take_hex(&rest, TEXT(","), 8, &v4[1]) ||
        !take_hex(&rest, TEXT(" v6="), 16, &s->v6[0][1]) || !take_hex(&rest, TEXT(""), 16, &s->v6[0][0]) ||
        !take_hex(&rest, TEXT(","), 16, &s->v6[1][1]) || !take_hex(&rest, TEXT(""), 16, &s->v6[1][0]))
        return false;
    s->tags = (uint8_t)tags;
    s->client_names = (uint8_t)names;
    s->v4[0] = (uint32_t)v4[0];
    s->v4[1] = (uint32_t)v4[1];
    return rest.n == 0 && tags < 1u << TAG_COUNT && names < 2;
}
