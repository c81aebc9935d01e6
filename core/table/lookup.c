#include "format.h"

#include "core/mail/domain.h"
#include "core/mail/helo.h"
#include "core/mail/idn.h"

/*
 * The keys of one look-up, narrowest first. In a table of millions nearly every probe misses the cache once. So
 * all keys are first hashed and their slots prefetched; when the first is probed, the others are on their way.
 */
struct probes {
    const struct table *t;
    struct text *value;
    struct text *matched;
    unsigned count;
    size_t used;
    struct {
        uint32_t hash;
        uint16_t at, n;
    } key[16];
    char bytes[2048];
};

enum { IN_CACHE = 1 << 20, PROBES = sizeof((struct probes *)0)->key / sizeof *((struct probes *)0)->key };

static void prefetch(const struct table *t, uint32_t hash)
{
    const unsigned char *toc = t->map.p + (size_t)(hash & 255) * 8;
    uint32_t slots = table_get32(toc + 4);
    uint64_t at = slots ? table_get32(toc) + (uint64_t)((hash >> 8) % slots) * 8 : 0;
    if (at < t->map.size)
        __builtin_prefetch(t->map.p + at);
}

/* Probes the collected keys. Returns 1, 0 or -1 as the look-up does. */
static int probe(struct probes *p)
{
    int found = 0;
    for (unsigned i = 0; i < p->count && !found; i++)
        found = table_find(p->t, text_of(p->bytes + p->key[i].at, p->key[i].n), p->key[i].hash, p->value,
                           p->matched);
    p->count = 0;
    p->used = 0;
    return found;
}

/* Collects the key TAG A B C, lower case. Probes when there is no more room, or if the table is so small
 * that it stays in the cache and waiting for other keys gains nothing. Returns the result of the probes. A
 * key longer than any in a table is left out. */
static int add(struct probes *p, enum table_tag tag, struct text a, struct text b, struct text c)
{
    const struct text part[] = {table_tag_prefix[tag], a, b, c};
    size_t n = part[0].n + a.n + b.n + c.n;
    if (a.n > TABLE_KEY_MAX || c.n > TABLE_KEY_MAX || n > TABLE_KEY_MAX)
        return 0;
    if (p->count == PROBES || n > sizeof p->bytes - p->used) {
        int found = probe(p);
        if (found)
            return found;
    }
    char *key = p->bytes + p->used, *out = key;
    for (unsigned i = 0; i < 4; i++)
        for (size_t k = 0; k < part[i].n; k++)
            *out++ = (char)fold((unsigned char)part[i].p[k]);
    const uint32_t hash = cdb_hash(key, (unsigned)n);
    p->key[p->count].hash = hash;
    p->key[p->count].at = (uint16_t)p->used;
    p->key[p->count].n = (uint16_t)n;
    p->count++;
    p->used += n;
    if (p->t->map.size <= IN_CACHE)
        return probe(p);
    prefetch(p->t, hash);
    return 0;
}

/* NAME, then .NAME and the domains above it. */
static int add_names(struct probes *p, enum table_tag tag, struct text name)
{
    enum { LONGEST = 253 };
    name = domain_trim(name);
    if (name.n == 0 || name.n > LONGEST)
        return 0;
    int found = add(p, tag, TEXT(""), TEXT(""), name);
    for (; !found && name.n; name = domain_parent(name))
        found = add(p, tag, TEXT(""), TEXT("."), name);
    return found;
}

static int add_address(struct probes *p, enum table_tag tag, const struct ip *ip)
{
    char text[IP_TEXT_MAX];
    size_t n = ip_format(ip, text);
    return add(p, tag, text_of(text, n), TEXT(""), TEXT(""));
}

/* The prefixes of the lengths that occur, longest first. TAG is client or helo. */
static int add_prefixes(struct probes *p, enum table_tag tag, const struct ip *ip)
{
    const struct table_summary *s = &p->t->summary;
    int found = 0;
    for (unsigned bits = ip_bits(ip); bits-- > 0 && !found;) {
        bool occurs = ip->v6 ? s->v6[tag][bits / 64] >> (bits % 64) & 1 : s->v4[tag] >> bits & 1;
        if (!occurs)
            continue;
        char text[TABLE_PREFIX_MAX];
        struct ip masked = ip_mask(ip, bits);
        size_t n = table_prefix_format(&masked, bits, text);
        found = add(p, tag, text_of(text, n), TEXT(""), TEXT(""));
    }
    return found;
}

static void start(struct probes *p, const struct table *t, struct text *value, struct text *matched)
{
    p->t = t;
    p->value = value;
    p->matched = matched;
    p->count = 0;
    p->used = 0;
}

int table_client(const struct table *t, const struct ip *ip, struct text name, struct text *value,
                 struct text *matched)
{
    struct probes p;
    if (!table_has_tag(t, TAG_CLIENT))
        return 0;
    start(&p, t, value, matched);
    int found = add_address(&p, TAG_CLIENT, ip);
    if (!found && t->summary.client_names)
        found = add_names(&p, TAG_CLIENT, name);
    if (!found)
        found = add_prefixes(&p, TAG_CLIENT, ip);
    return found ? found : probe(&p);
}

int table_helo(const struct table *t, struct text argument, struct text *value, struct text *matched)
{
    struct probes p;
    char room[IDN_MAX];
    int found;
    if (!table_has_tag(t, TAG_HELO))
        return 0;
    start(&p, t, value, matched);
    const struct helo h = helo_read(argument);
    if (h.is_address) {
        found = add_address(&p, TAG_HELO, &h.ip);
        if (!found)
            found = add_prefixes(&p, TAG_HELO, &h.ip);
    } else {
        found = add_names(&p, TAG_HELO, idn_name(h.name, room));
    }
    return found ? found : probe(&p);
}

static int look_up_mailbox(const struct table *t, enum table_tag tag, struct text local, struct text domain,
                           struct text *value, struct text *matched)
{
    struct probes p;
    int found = 0;
    start(&p, t, value, matched);
    if (local.n == 0 && domain.n == 0) {
        if (tag == TAG_FROM)
            found = add(&p, tag, TEXT("<>"), TEXT(""), TEXT(""));
        return found ? found : probe(&p);
    }
    if (domain.n) {
        found = add(&p, tag, local, TEXT("@"), domain);
        if (!found && local.n)
            found = add(&p, tag, TEXT(""), TEXT("@"), domain);
        if (!found)
            found = add_names(&p, tag, domain);
    }
    if (!found && local.n)
        found = add(&p, tag, local, TEXT("@"), TEXT(""));
    return found ? found : probe(&p);
}

int table_mailbox(const struct table *t, enum table_tag tag, struct text local, struct text domain,
                  struct text *value, struct text *matched)
{
    char room[IDN_MAX];
    if (!table_has_tag(t, tag))
        return 0;
    domain = domain_trim(domain);
    const struct text ascii = domain_trim(idn_name(domain, room));
    int found = look_up_mailbox(t, tag, local, ascii, value, matched);
    /* A table of an earlier version has the name as somebody wrote it. */
    return found || ascii.p == domain.p ? found : look_up_mailbox(t, tag, local, domain, value, matched);
}

static int ask_one(const struct table *t, enum table_tag tag, struct text what, struct text *value,
                   struct text *matched)
{
    struct ip ip;
    if (tag == TAG_HELO)
        return table_helo(t, what, value, matched);
    if (tag == TAG_CLIENT && ip_parse(what, &ip))
        return table_client(t, &ip, TEXT(""), value, matched);
    if (tag == TAG_CLIENT) {
        struct probes p;
        char room[IDN_MAX];
        start(&p, t, value, matched);
        int found = add_names(&p, tag, idn_name(what, room));
        return found ? found : probe(&p);
    }
    size_t at = what.n;
    while (at && what.p[at - 1] != '@')
        at--;
    return at ? table_mailbox(t, tag, text_of(what.p, at - 1), text_skip(what, at), value, matched)
              : table_mailbox(t, tag, TEXT(""), what, value, matched);
}

int table_ask(const struct table *t, struct text key, struct text *value, struct text *matched)
{
    for (unsigned tag = 0; tag < TAG_COUNT; tag++) {
        if (!text_starts_nocase(key, table_tag_prefix[tag]))
            continue;
        struct text what = text_skip(key, table_tag_prefix[tag].n);
        bool stands_for_many = what.n == 0 || what.p[0] == '.' || what.p[0] == '@' ||
                               what.p[what.n - 1] == '@' || (tag > TAG_HELO && what.p[0] == '<') ||
                               (tag <= TAG_HELO && text_find(what, 0, '/') < what.n);
        if (!stands_for_many)
            return ask_one(t, (enum table_tag)tag, what, value, matched);
    }
    if (matched)
        *matched = key;
    return table_key(t, key, value);
}
