/*
 * A Sendmail access file (cf/README, "Anti-spam configuration control"). A block table takes what rejects, an
 * exemption table what is OK. A domain there means it and all below; an address is written by octets from the
 * left.
 */
#include "make.h"

#include "core/config/reply.h"

enum meaning { REJECTS, ACCEPTS, RELAYS, SKIPS, NO_MEANING };

/* How a rejecting value is written for us: "550 5.7.1 text". */
static bool read_error(struct text value, struct writer *reply)
{
    struct text status = TEXT("");
    size_t colon = text_find(value, 0, ':');
    /* "5.7.1:550 text" */
    if (colon == 5 && value.n > 6 && value.p[1] == '.' && value.p[3] == '.') {
        status = text_of(value.p, colon);
        value = text_trim(text_skip(value, colon + 1));
    }
    if (value.n > 1 && value.p[0] == '"' && value.p[value.n - 1] == '"')
        value = text_trim(text_of(value.p + 1, value.n - 2));
    if (!reply_has_code(value))
        return false;
    writer_add(reply, text_of(value.p, 3));
    if (status.n) {
        writer_char(reply, ' ');
        writer_add(reply, status);
    }
    writer_add(reply, text_skip(value, 3));
    return !reply->cut;
}

static enum meaning read_value(struct text value, struct writer *reply)
{
    if (text_eq_nocase(value, TEXT("REJECT"))) {
        writer_add(reply, TEXT("550 5.7.1 Access denied"));
        return REJECTS;
    }
    if (text_eq_nocase(value, TEXT("OK")))
        return ACCEPTS;
    if (text_eq_nocase(value, TEXT("RELAY")))
        return RELAYS;
    if (text_eq_nocase(value, TEXT("SKIP")))
        return SKIPS;
    if (text_starts_nocase(value, TEXT("ERROR:")))
        value = text_trim(text_skip(value, 6));
    return read_error(value, reply) ? REJECTS : NO_MEANING;
}

/* "192.168" as "192.168.0.0/16". */
static bool octets_to_prefix(struct text t, struct writer *w)
{
    unsigned octets = 0;
    for (struct text rest = t; rest.n; octets++) {
        uint64_t number;
        size_t dot = text_find(rest, 0, '.');
        if (!text_number(text_of(rest.p, dot), 255, &number))
            return false;
        rest = text_skip(rest, dot + 1);
    }
    if (octets == 0 || octets > 3 || t.p[t.n - 1] == '.')
        return false;
    writer_add(w, t);
    for (unsigned i = octets; i < 4; i++)
        writer_add(w, TEXT(".0"));
    writer_printf(w, "/%u", 8 * octets);
    return true;
}

/* "2001:db8" as "2001:db8::/32"; a whole address stays as it is. */
static void groups_to_prefix(struct text t, struct writer *w)
{
    struct ip ip;
    unsigned groups = 1;
    writer_add(w, t);
    if (ip_parse(t, &ip))
        return;
    for (size_t i = 0; i < t.n; i++)
        groups += t.p[i] == ':' && i + 1 < t.n;
    writer_printf(w, "%s/%u", t.n && t.p[t.n - 1] == ':' ? ":" : "::", 16 * groups);
}

/* The key for us. A domain gets the dot that makes it stand for all below. */
static void write_key(struct text tag, struct text key, struct writer *w)
{
    struct ip ip;
    writer_add(w, tag);
    if (text_starts_nocase(key, TEXT("IPv6:")))
        groups_to_prefix(text_skip(key, 5), w);
    else if (octets_to_prefix(key, w) || ip_parse(key, &ip) || text_find(key, 0, '/') < key.n ||
             text_find(key, 0, '@') < key.n) {
        if (w->n == tag.n)
            writer_add(w, key);
    } else {
        if (key.n && key.p[0] != '.')
            writer_char(w, '.');
        writer_add(w, key);
    }
}

static void add(struct maker *m, enum table_tag tag, struct text key, struct text value)
{
    char written[TABLE_KEY_MAX + 64], canonical[TABLE_KEY_MAX];
    const char *problem = NULL;
    struct writer w = writer_on(written, sizeof written);
    write_key(table_tag_prefix[tag], key, &w);
    size_t n = table_canonical_key(writer_text(&w), canonical, &problem);
    if (n)
        maker_add_canonical(m, text_of(canonical, n), value, key);
    else
        maker_problem(m, key, "%s", problem);
}

/* Which of our tags an entry speaks of: one for a tagged key; for one without, the client or the sender, or for
 * a domain both. */
static unsigned tags_of(struct text *key)
{
    static const struct {
        struct text prefix;
        enum table_tag tag;
    } known[] = {
        {{"Connect:", 8}, TAG_CLIENT},
        {{"From:", 5}, TAG_FROM},
        {{"To:", 3}, TAG_TO},
    };
    char scratch[64];
    struct writer w = writer_on(scratch, sizeof scratch);
    struct ip_prefix prefix;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (text_starts_nocase(*key, known[i].prefix)) {
            *key = text_skip(*key, known[i].prefix.n);
            return 1u << known[i].tag;
        }
    if (text_starts_nocase(*key, TEXT("IPv6:")) || ip_prefix_parse(*key, true, &prefix) ||
        octets_to_prefix(*key, &w))
        return 1u << TAG_CLIENT;
    /* "Spam:", "GreetPause:" and so on are about other things. */
    if (text_find(*key, 0, ':') < key->n)
        return 0;
    return text_find(*key, 0, '@') < key->n ? 1u << TAG_FROM : 1u << TAG_CLIENT | 1u << TAG_FROM;
}

/* What the table being made says for it: an empty value is nothing. */
static struct text value_for(struct maker *m, enum meaning meaning, unsigned *tags, struct text reply)
{
    if (m->kind == KIND_BLOCK) {
        if (meaning != REJECTS)
            maker_leave_out(m, meaning == SKIPS ? "SKIP" : "OK or RELAY (--kind exempt)");
        return meaning == REJECTS ? reply : TEXT("");
    }
    /* What Sendmail relays for a client, it need not spare; but for a recipient RELAY only says that its domain
     * is ours. */
    if (meaning == RELAYS) {
        if (!(*tags & 1u << TAG_CLIENT))
            maker_leave_out(m, "RELAY for From: or To:");
        *tags &= 1u << TAG_CLIENT;
    }
    return meaning == ACCEPTS || meaning == RELAYS ? TEXT("all") : TEXT("none");
}

void access_line(struct maker *m, struct text line)
{
    char memory[600];
    struct writer reply = writer_on(memory, sizeof memory);
    struct text value = text_trim(line);
    if (value.n == 0 || value.p[0] == '#')
        return;
    struct text key = take_word(&value), written = key;
    if (value.n == 0) {
        maker_problem(m, key, "the value is missing");
        return;
    }
    unsigned tags = tags_of(&key);
    if (!tags) {
        char name[24];
        struct writer w = writer_on(name, sizeof name);
        writer_add(&w, text_of(written.p, text_find(written, 0, ':') + 1));
        maker_leave_out(m, name);
        return;
    }
    enum meaning meaning = read_value(value, &reply);
    if (meaning == NO_MEANING) {
        char name[24];
        struct writer w = writer_on(name, sizeof name);
        writer_add(&w, take_word(&value));
        maker_leave_out(m, name);
        return;
    }
    struct text ours = value_for(m, meaning, &tags, writer_text(&reply));
    for (unsigned tag = 0; tag < TAG_COUNT && ours.n; tag++)
        if (tags & 1u << tag)
            add(m, (enum table_tag)tag, key, ours);
}
