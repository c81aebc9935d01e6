#include "exemption.h"

/* Reads "headers message-id", "all", "none", "blocklist" as a mask. Unknown words are ignored: a newer
 * gatepost may have written them. */
static uint32_t parse_mask(struct text value)
{
    uint32_t mask = 0;
    size_t i = 0;
    while (i < value.n) {
        while (i < value.n && is_blank((unsigned char)value.p[i]))
            i++;
        size_t from = i;
        while (i < value.n && !is_blank((unsigned char)value.p[i]))
            i++;
        struct text word = text_of(value.p + from, i - from);
        enum operation op;
        if (text_eq_nocase(word, TEXT("all")))
            mask |= EXEMPTION_ALL;
        else if (text_eq_nocase(word, TEXT("blocklist")))
            mask |= 1u << EXEMPTION_BLOCKLIST;
        else if (word.n > 1 && operation_find(word, &op))
            mask |= 1u << op;
    }
    return mask;
}

static int look_up(const struct gp_session *s, struct table *t, enum table_tag tag, struct text *value)
{
    const struct facts *f = &s->facts;
    char room[256];
    switch (tag) {
    case TAG_CLIENT:
        return f->client_known ? table_client(t, &f->client, f->name, value, NULL) : 0;
    case TAG_HELO:
        return f->helo.n && !(f->unknown & GP_FACT_HELO) ? table_helo(t, f->helo, value, NULL) : 0;
    case TAG_FROM:
        return s->in_transaction && !(f->unknown & GP_FACT_MAIL)
                   ? table_mailbox(t, TAG_FROM, mailbox_plain(&f->sender, room, sizeof room), f->sender.domain,
                                   value, NULL)
                   : 0;
    default:
        return f->recipient.address.n && !(f->unknown & GP_FACT_RCPT)
                   ? table_mailbox(t, TAG_TO, mailbox_plain(&f->recipient, room, sizeof room),
                                   f->recipient.domain, value, NULL)
                   : 0;
    }
}

static void note_result(struct gp_session *s, int result)
{
    if (result >= 0)
        return;
    s->exemption.unusable = true;
    policy_table_damaged(s->policy, TABLE_EXEMPT);
}

static uint32_t tag_mask(struct gp_session *s, struct table *t, enum table_tag tag)
{
    if (s->exemption.known & 1u << tag)
        return s->exemption.mask[tag];
    struct text value = TEXT("");
    int result = table_has_tag(t, tag) ? look_up(s, t, tag, &value) : 0;
    note_result(s, result);
    s->exemption.mask[tag] = result == 1 ? parse_mask(value) : 0;
    s->exemption.known |= 1u << tag;
    return s->exemption.mask[tag];
}

/* Header operations concern one text for all recipients: a recipient exempts from them only if every
 * accepted one does. */
static uint32_t all_recipients_mask(struct gp_session *s, struct table *t)
{
    if (s->exemption.all_recipients_known)
        return s->exemption.all_recipients;
    uint32_t mask = s->recipients_size && !s->recipients_lost && table_has_tag(t, TAG_TO) ? EXEMPTION_ALL : 0;
    for (size_t at = 0; mask && at < s->recipients_size;) {
        struct text local = text_z(s->recipients + at);
        struct text domain = text_z(s->recipients + at + local.n + 1);
        struct text value;
        int result = table_mailbox(t, TAG_TO, local, domain, &value, NULL);
        note_result(s, result);
        mask &= result == 1 ? parse_mask(value) : 0;
        at += local.n + domain.n + 2;
    }
    s->exemption.all_recipients = mask;
    s->exemption.all_recipients_known = true;
    return mask;
}

/* The same as exemption_ask() for one operation or EXEMPTION_BLOCKLIST. */
static int ask(struct gp_session *s, unsigned what)
{
    struct table *t;
    int there = policy_table(s->policy, TABLE_EXEMPT, &t);
    if (there <= 0)
        return there;
    uint32_t mask = tag_mask(s, t, TAG_CLIENT) | tag_mask(s, t, TAG_HELO) | tag_mask(s, t, TAG_FROM);
    if (what == OP_RCPT)
        mask |=
            (s->facts.asking >= OP_HEADER ? all_recipients_mask(s, t) : tag_mask(s, t, TAG_TO)) & 1u << OP_RCPT;
    if (what >= OP_HEADER && what < OP_COUNT)
        mask |= all_recipients_mask(s, t);
    if (mask >> what & 1)
        return 1;
    return s->exemption.unusable ? -1 : 0;
}

int exemption_ask(struct gp_session *s, enum operation op, enum cause cause)
{
    int exempt = cause == CAUSE_BLOCKLIST ? ask(s, EXEMPTION_BLOCKLIST) : 0;
    return exempt == 0 && cause != CAUSE_ON_ERROR ? ask(s, op) : exempt;
}

int exemption_has_entry(struct gp_session *s, const struct ip *client, struct text name)
{
    struct table *t;
    struct text value = TEXT("");
    int there = policy_table(s->policy, TABLE_EXEMPT, &t);
    if (there <= 0 || !table_has_tag(t, TAG_CLIENT))
        return there < 0 ? -1 : 0;
    int found = table_client(t, client, name, &value, NULL);
    note_result(s, found);
    return found == 1 ? !text_eq_nocase(text_trim(value), TEXT("none")) : found;
}

bool exemption_allows_listing(struct gp_session *s)
{
    return s->facts.client_known && !session_is_never_judged(s) && !s->facts.authenticated &&
           ask(s, EXEMPTION_BLOCKLIST) == 0;
}

void exemption_forget(struct gp_session *s, enum table_tag tag)
{
    s->exemption.known &= ~(1u << tag);
    if (tag == TAG_TO)
        s->exemption.all_recipients_known = false;
}
