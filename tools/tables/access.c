/*
 * An access file: Sendmail's (cf/README, "Anti-spam configuration control" and the features that add to it),
 * and Postfix's for access(5) and cidr_table(5). A block table takes entries that reject, an exemption table
 * those that are OK. A domain there means it and all below; an address is written by octets or groups from the
 * left.
 *
 * Entries without a counterpart are left out by name: the tables below have the names of the two manuals.
 */
#include "maker.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/scan.h"
#include "core/config/reply.h"

enum meaning { REJECTS, ACCEPTS, RELAYS, SKIPS, NO_MEANING };

/*
 * Values
 */

/* "5.7.1", "4.7.25": the parts after the class have one to three digits (RFC 3463). Length, or 0. */
static size_t enhanced_size(struct text t)
{
    size_t at = 1;
    if (t.n < 5 || (t.p[0] != '2' && t.p[0] != '4' && t.p[0] != '5'))
        return 0;
    for (unsigned part = 0; part < 2; part++) {
        size_t digits = 0;
        if (at >= t.n || t.p[at] != '.')
            return 0;
        while (at + 1 + digits < t.n && is_digit((unsigned char)t.p[at + 1 + digits]))
            digits++;
        if (digits == 0 || digits > 3)
            return 0;
        at += 1 + digits;
    }
    return at;
}

static bool is_between(char c)
{
    return is_blank((unsigned char)c) || c == ':' || c == '"';
}

/* Separates codes and text, in any order and with any of Sendmail's and Postfix's marks between them: "550
 * 5.7.1 No", "5.7.1:550 No", "550:5.7.1 No", "\"550 No\"". */
static void take_codes(struct text *rest, struct text *code, struct text *enhanced)
{
    for (;;) {
        while (rest->n && is_between(rest->p[0]))
            *rest = text_skip(*rest, 1);
        size_t digits = 0, size = enhanced_size(*rest);
        while (digits < rest->n && is_digit((unsigned char)rest->p[digits]))
            digits++;
        struct text *found = size && !enhanced->n ? enhanced : digits == 3 && !size && !code->n ? code : NULL;
        size = size ? size : digits;
        if (!found || (size < rest->n && !is_between(rest->p[size])))
            return;
        *found = text_of(rest->p, size);
        *rest = text_skip(*rest, size);
    }
}

/* Writes a rejecting value in our form: "550 5.7.1 text". STATUS ("550 5.7.1") supplies what VALUE lacks. */
static bool read_reply(struct text value, const char *status, struct writer *reply)
{
    struct text code = TEXT(""), enhanced = TEXT("");
    take_codes(&value, &code, &enhanced);
    value = text_trim(value);
    if (value.n && value.p[value.n - 1] == '"' && text_find(value, 0, '"') == value.n - 1)
        value = text_trim(text_of(value.p, value.n - 1));
    if (!code.n && enhanced.n)
        code = enhanced.p[0] == '4' ? TEXT("450") : TEXT("550");
    if (!code.n && status) {
        code = text_of(status, 3);
        enhanced = text_of(status + 4, 5);
    }
    if (!code.n || (code.p[0] != '4' && code.p[0] != '5'))
        return false;
    writer_add(reply, code);
    if (enhanced.n && enhanced.p[0] == code.p[0]) {
        writer_char(reply, ' ');
        writer_add(reply, enhanced);
    }
    writer_char(reply, ' ');
    writer_add(reply, value.n ? value : TEXT("Access denied"));
    return !reply->cut;
}

/* Words that begin a value. Those that neither reject nor accept have no counterpart, and are left out by
 * name. */
static const struct action {
    struct text word;
    enum meaning meaning;
    const char *status; /* of a rejection without one */
} actions[] = {
    {{"REJECT", 6}, REJECTS, "550 5.7.1"},
    {{"ERROR", 5}, REJECTS, NULL},
    {{"DEFER", 5}, REJECTS, "450 4.7.1"},
    {{"OK", 2}, ACCEPTS, NULL},
    {{"PERMIT", 6}, ACCEPTS, NULL},
    {{"RELAY", 5}, RELAYS, NULL},
    /* Sendmail */
    {{"DISCARD", 7}, NO_MEANING, NULL},
    {{"SKIP", 4}, SKIPS, NULL},
    {{"QUARANTINE", 10}, NO_MEANING, NULL},
    {{"FRIEND", 6}, NO_MEANING, NULL},
    {{"HATER", 5}, NO_MEANING, NULL},
    {{"SUBDOMAIN", 9}, NO_MEANING, NULL},
    {{"VERIFY", 6}, NO_MEANING, NULL},
    {{"ENCR", 4}, NO_MEANING, NULL},
    /* Postfix */
    {{"DUNNO", 5}, SKIPS, NULL},
    {{"DEFER_IF_REJECT", 15}, NO_MEANING, NULL},
    {{"DEFER_IF_PERMIT", 15}, NO_MEANING, NULL},
    {{"FILTER", 6}, NO_MEANING, NULL},
    {{"HOLD", 4}, NO_MEANING, NULL},
    {{"INFO", 4}, NO_MEANING, NULL},
    {{"WARN", 4}, NO_MEANING, NULL},
    {{"BCC", 3}, NO_MEANING, NULL},
    {{"PREPEND", 7}, NO_MEANING, NULL},
    {{"REDIRECT", 8}, NO_MEANING, NULL},
};

static const struct action *find_action(struct text word)
{
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (text_eq_nocase(word, actions[i].word))
            return &actions[i];
    return NULL;
}

/* The word that VALUE begins with, up to a blank, a ':' or a '+' ("VERIFY:112", "TEMP+VERIFY"). */
static struct text first_word(struct text value)
{
    size_t n = 0;
    while (n < value.n && !is_between(value.p[n]) && value.p[n] != '+')
        n++;
    return text_of(value.p, n);
}

static enum meaning read_value(struct text value, struct writer *reply)
{
    if (value.n > 1 && value.p[0] == '"' && value.p[value.n - 1] == '"')
        value = text_trim(text_of(value.p + 1, value.n - 2));
    const struct action *action = find_action(first_word(value));
    if (!action)
        return read_reply(value, NULL, reply) ? REJECTS : NO_MEANING;
    if (action->meaning != REJECTS)
        return action->meaning;
    return read_reply(text_skip(value, action->word.n), action->status, reply) ? REJECTS : NO_MEANING;
}

/*
 * Keys
 */

/* "192.168" or "192.168." as "192.168.0.0/16". */
static bool octets_to_prefix(struct text t, struct writer *w)
{
    unsigned octets = 0;
    if (t.n && t.p[t.n - 1] == '.')
        t.n--;
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

/* "2001:db8" or "2001:db8:" as "2001:db8::/32". */
static bool groups_to_prefix(struct text t, struct writer *w)
{
    unsigned groups = 1;
    if (t.n && t.p[t.n - 1] == ':')
        t.n--;
    for (size_t i = 0, digits = 0; i < t.n; i++) {
        digits = t.p[i] == ':' ? 0 : digits + 1;
        if (t.p[i] == ':' ? i == 0 || t.p[i - 1] == ':'
                          : scan_hex_digit((unsigned char)t.p[i]) < 0 || digits > 4)
            return false;
        groups += t.p[i] == ':';
    }
    if (t.n == 0 || groups > 7)
        return false;
    writer_add(w, t);
    writer_printf(w, "::/%u", 16 * groups);
    return true;
}

/* An address, a prefix, or the beginning of an address; with Sendmail's "IPv6:", and in brackets, as for a
 * host without a name. Writes it in our form. */
static bool read_address(struct text key, struct writer *w)
{
    struct ip_prefix prefix;
    bool tagged = false;
    if (key.n > 2 && key.p[0] == '[' && key.p[key.n - 1] == ']')
        key = text_of(key.p + 1, key.n - 2);
    if (text_starts_nocase(key, TEXT("IPv6:"))) {
        key = text_skip(key, 5);
        tagged = true;
    }
    if (ip_prefix_parse(key, true, &prefix)) {
        writer_add(w, key);
        return true;
    }
    return (!tagged && octets_to_prefix(key, w)) ||
           ((tagged || text_find(key, 0, ':') < key.n) && groups_to_prefix(key, w));
}

/* The key in our form, without its tag. A domain gets the dot that extends it to all names below. */
static void write_key(struct text key, struct writer *w)
{
    if (read_address(key, w))
        return;
    if (text_eq(key, TEXT("<@>"))) { /* Sendmail's key for the null sender */
        writer_add(w, TEXT("<>"));
        return;
    }
    if (key.n && key.p[0] != '.' && !text_eq(key, TEXT("<>")) && text_find(key, 0, '@') == key.n &&
        text_find(key, 0, '/') == key.n)
        writer_char(w, '.');
    writer_add(w, key);
}

static void add(struct maker *m, enum table_tag tag, struct text key, struct text value)
{
    char written[TABLE_KEY_MAX + 64], canonical[TABLE_KEY_MAX];
    const char *problem = NULL;
    struct writer w = writer_on(written, sizeof written);
    writer_add(&w, table_tag_prefix[tag]);
    write_key(key, &w);
    size_t n = w.cut ? 0 : table_canonical_key(writer_text(&w), canonical, &problem);
    if (!n)
        maker_leave_out(m, key, problem ? problem : "a key that is too long");
    else if (m->kind == KIND_BLOCK && text_ends_nocase(text_of(canonical, n), TEXT("/0")))
        maker_leave_out(m, key, "a key that would refuse everybody");
    else
        maker_add_canonical(m, text_of(canonical, n), value, key);
}

/* Takes the tag off *KEY. Returns the bit of ours that means the same, or 0 if there is none. */
static unsigned take_tag(struct text *key)
{
    static const struct {
        struct text prefix;
        enum table_tag tag;
    } known[] = {{{"Connect:", 8}, TAG_CLIENT}, {{"From:", 5}, TAG_FROM}, {{"To:", 3}, TAG_TO}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (text_starts_nocase(*key, known[i].prefix)) {
            *key = text_skip(*key, known[i].prefix.n);
            return 1u << known[i].tag;
        }
    return 0;
}

/* The tags that an entry gets: one for a tagged key; for an untagged one the client or the sender, and for a
 * domain both. A mailbox that rejects also gets the tag for recipients, as with Sendmail's
 * FEATURE(`blocklist_recipients'). 0: another tag, which has no counterpart. Removes the tag from *KEY. */
static unsigned tags_of(struct maker *m, struct text *key, bool rejects)
{
    char memory[80];
    struct writer w = writer_on(memory, sizeof memory);
    unsigned tag = take_tag(key);
    if (tag)
        return tag;
    if (read_address(*key, &w))
        return 1u << TAG_CLIENT;
    size_t at = text_find(*key, 0, '@');
    if (text_find(*key, 0, ':') < at)
        return 0;
    if (at == key->n) {
        m->job->client_senders++;
        return 1u << TAG_CLIENT | 1u << TAG_FROM;
    }
    if (!rejects || m->kind != KIND_BLOCK || at == 0)
        return 1u << TAG_FROM;
    m->job->both_ways++;
    return 1u << TAG_FROM | 1u << TAG_TO;
}

/*
 * Lines
 */

/* Leaves the line out, under the name of its value or its tag. */
static void leave_out(struct maker *m, struct text where, struct text name)
{
    char what[40];
    struct writer w = writer_on(what, sizeof what);
    writer_add(&w, name);
    maker_leave_out(m, where, what);
}

/* The value for the new table: an empty value is left out. */
static struct text value_for(struct maker *m, enum meaning meaning, struct text where, unsigned *tags,
                             struct text reply)
{
    if (m->kind == KIND_BLOCK) {
        if (meaning != REJECTS)
            maker_leave_out(m, where, meaning == SKIPS ? "SKIP" : "OK or RELAY (--kind exempt)");
        return meaning == REJECTS ? reply : TEXT("");
    }
    /* A client for which Sendmail relays need not be exempt; and for a recipient RELAY only means that its
     * domain is ours. */
    if (meaning == RELAYS) {
        if (!(*tags & 1u << TAG_CLIENT))
            maker_leave_out(m, where, "RELAY for From: or To:");
        *tags &= 1u << TAG_CLIENT;
    }
    return meaning == REJECTS || meaning == SKIPS ? TEXT("none") : TEXT("all");
}

/* Keeps a line for access_end(). */
static void keep_untagged(struct maker *m, struct text line)
{
    const uint32_t head[] = {m->line, (uint32_t)line.n};
    size_t size = m->untagged_size + sizeof head + line.n;
    if (size > m->untagged_cap) {
        size_t cap = 2 * size;
        char *grown = realloc(m->untagged, cap);
        if (!grown) {
            m->failed = ENOMEM;
            return;
        }
        m->untagged = grown;
        m->untagged_cap = cap;
    }
    memcpy(m->untagged + m->untagged_size, head, sizeof head);
    memcpy(m->untagged + m->untagged_size + sizeof head, line.p, line.n);
    m->untagged_size = size;
}

void access_end(struct maker *m)
{
    uint32_t head[2];
    m->reads_untagged = true;
    for (size_t at = 0; at < m->untagged_size && !m->failed; at += head[1]) {
        memcpy(head, m->untagged + at, sizeof head);
        at += sizeof head;
        m->line = head[0];
        m->source = text_of(m->untagged + at, head[1]);
        access_line(m, m->source);
    }
    m->source = TEXT("");
}

void access_line(struct maker *m, struct text line)
{
    char memory[REPLY_MAX + 1];
    struct writer reply = writer_on(memory, sizeof memory);
    struct text value = text_trim(line);
    if (value.n == 0 || value.p[0] == '#')
        return;
    if (is_blank((unsigned char)line.p[0])) {
        maker_leave_out(m, value, "a line that begins with a blank");
        return;
    }
    struct text key = scan_word(&value), written = key;
    value = text_trim(value);
    if (value.n == 0) {
        maker_leave_out(m, key, "a key without a value");
        return;
    }
    if (key.p[0] == '/' || key.p[0] == '!') {
        maker_leave_out(m, key, "an expression or a negated net");
        return;
    }
    struct text bare = key;
    if (!m->reads_untagged && !take_tag(&bare)) {
        keep_untagged(m, line);
        return;
    }
    enum meaning meaning = read_value(value, &reply);
    unsigned tags = tags_of(m, &key, meaning == REJECTS);
    if (!tags) {
        leave_out(m, written, text_of(written.p, text_find(written, 0, ':') + 1));
        return;
    }
    if (meaning == NO_MEANING) {
        if (find_action(first_word(value)) && !reply.cut)
            leave_out(m, value, first_word(value));
        else
            maker_leave_out(m, value,
                            reply.cut ? "a reply of more than 500 bytes"
                                      : "a value that neither rejects nor accepts");
        return;
    }
    struct text ours = value_for(m, meaning, value, &tags, writer_text(&reply));
    for (unsigned tag = 0; tag < TAG_COUNT && ours.n; tag++)
        if (tags & 1u << tag)
            add(m, (enum table_tag)tag, key, ours);
}
