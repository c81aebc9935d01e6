#include "format.h"

#include "core/base/writer.h"
#include "core/mail/helo.h"
#include "core/mail/idn.h"
#include "core/mail/mailbox.h"

const struct text table_tag_prefix[TAG_COUNT] = {
    [TAG_CLIENT] = {"client:", 7},
    [TAG_HELO] = {"helo:", 5},
    [TAG_FROM] = {"from:", 5},
    [TAG_TO] = {"to:", 3},
};

size_t table_prefix_format(const struct ip *ip, unsigned bits, char *out)
{
    size_t n = ip_format(ip, out);
    out[n++] = '/';
    if (bits >= 100)
        out[n++] = '1';
    if (bits >= 10)
        out[n++] = (char)('0' + bits / 10 % 10);
    out[n++] = (char)('0' + bits % 10);
    return n;
}

static void add_folded(struct writer *w, struct text t)
{
    for (size_t i = 0; i < t.n; i++)
        writer_char(w, (char)fold((unsigned char)t.p[i]));
}

/* Checks a host or domain name for a key. It is looser than domain_is_qualified(), because clients and the
 * DNS may use any name. Returns NULL, or what is wrong. */
static const char *name_problem(struct text t)
{
    size_t label = 0, digits = 0;
    if (t.n == 0)
        return "the name is missing";
    if (t.n > 253)
        return "a domain name has 253 bytes at most";
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.p[i];
        if (c == '.') {
            if (label == 0)
                return "two dots side by side in a domain name";
            label = digits = 0;
            continue;
        }
        if (!is_alnum(c) && c != '-' && c != '_')
            return "neither an address, a prefix like 192.0.2.0/24, nor a domain";
        label++;
        digits += is_digit(c);
    }
    return label == digits ? "neither an address, a prefix like 192.0.2.0/24, nor a domain" : NULL;
}

/* Removes the dot at the end, which means the root. A second one is a mistake. */
static struct text without_root(struct text t)
{
    return t.n && t.p[t.n - 1] == '.' ? text_of(t.p, t.n - 1) : t;
}

/* "example.com" or ".example.com", with or without a dot at the end. */
static const char *add_domain(struct writer *w, struct text t)
{
    char room[IDN_MAX];
    struct text name = without_root(t.n && t.p[0] == '.' ? text_skip(t, 1) : t);
    if (!idn_is_ascii(name)) {
        const size_t n = idn_to_ascii(name, room, NULL);
        if (!n)
            return "this name in another alphabet has no form in ASCII: it is not UTF-8, or too long";
        name = without_root(text_of(room, n));
    }
    const char *problem = name_problem(name);
    if (!problem) {
        if (t.p[0] == '.')
            writer_char(w, '.');
        add_folded(w, name);
    }
    return problem;
}

/* client:, helo: */
static const char *add_host(struct writer *w, struct text t)
{
    struct ip_prefix prefix;
    char text[TABLE_PREFIX_MAX];
    const struct helo h = helo_read(t);
    if (t.n && t.p[0] == '[' && h.is_address) {
        prefix = (struct ip_prefix){h.ip, ip_bits(&h.ip)};
    } else if (!ip_prefix_parse(t, false, &prefix)) {
        if (ip_prefix_is_nat64(t))
            return "each address in 64:ff9b::/96 is the IPv4 address inside it; write IPv4 prefixes";
        if (ip_prefix_parse(t, true, &prefix))
            return "bits after the prefix length are not zero";
        if (text_find(t, 0, '@') < t.n)
            return "a mailbox needs from: or to: before it";
        return add_domain(w, t);
    }
    bool whole = prefix.bits == ip_bits(&prefix.ip);
    size_t n = whole ? ip_format(&prefix.ip, text) : table_prefix_format(&prefix.ip, prefix.bits, text);
    writer_add(w, text_of(text, n));
    return NULL;
}

/* Where the last '@' stands that is not in quotes; t.n if there is none. */
static size_t find_at_sign(struct text t)
{
    bool quoted = false;
    size_t found = t.n;
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] == '\\' && quoted)
            i++;
        else if (t.p[i] == '"')
            quoted = !quoted;
        else if (t.p[i] == '@' && !quoted)
            found = i;
    }
    return found;
}

/* from:, to: */
static const char *add_mailbox(struct writer *w, struct text t, enum table_tag tag)
{
    char plain[TABLE_KEY_MAX];
    if (text_eq(t, TEXT("<>"))) {
        writer_add(w, t);
        return tag == TAG_FROM ? NULL : "only from: can be empty";
    }
    if (t.n > 2 && t.p[0] == '<' && t.p[t.n - 1] == '>')
        t = text_of(t.p + 1, t.n - 2);
    size_t at = find_at_sign(t);
    if (at == t.n) {
        struct text name = without_root(t);
        if (text_find(name, 0, '.') == name.n)
            return "write user@ for a mailbox at any domain, @domain for all of a domain";
        return add_domain(w, t);
    }
    size_t n = mailbox_local_plain(text_of(t.p, at), plain, sizeof plain);
    if (n > sizeof plain)
        return "the key is too long";
    add_folded(w, text_of(plain, n));
    writer_char(w, '@');
    struct text domain = text_skip(t, at + 1);
    if (domain.n == 0)
        return n ? NULL : "the mailbox is missing";
    if (domain.p[0] == '.')
        return "write .domain without '@' for a domain and all below it";
    if (domain.p[0] == '[' && domain.p[domain.n - 1] == ']')
        add_folded(w, domain);
    else
        return add_domain(w, domain);
    return NULL;
}

/* Whether T begins with a word and a colon and is not an IPv6 address. */
static bool has_unknown_tag(struct text t)
{
    struct ip_prefix prefix;
    size_t colon = text_find(t, 0, ':');
    for (size_t i = 0; i < colon; i++)
        if (!is_alpha((unsigned char)t.p[i]))
            return false;
    return colon > 0 && colon < t.n && !ip_prefix_parse(t, true, &prefix);
}

size_t table_canonical_key(struct text written, char *out, const char **problem)
{
    char key[TABLE_KEY_MAX + 1];
    struct writer w = writer_on(key, sizeof key);
    struct text rest = written;
    enum table_tag tag = TAG_CLIENT;
    for (unsigned i = 0; i < TAG_COUNT; i++)
        if (text_starts_nocase(written, table_tag_prefix[i])) {
            tag = (enum table_tag)i;
            rest = text_skip(written, table_tag_prefix[i].n);
        }
    writer_add(&w, table_tag_prefix[tag]);
    if (rest.n == 0)
        *problem = "the key is missing";
    else if (rest.n == written.n && has_unknown_tag(written))
        *problem = "unknown tag; there are client:, helo:, from: and to:";
    else if (tag == TAG_FROM || tag == TAG_TO)
        *problem = add_mailbox(&w, rest, tag);
    else
        *problem = add_host(&w, rest);
    if (!*problem && w.cut)
        *problem = "the key is too long";
    if (*problem)
        return 0;
    memcpy(out, key, w.n);
    return w.n;
}
